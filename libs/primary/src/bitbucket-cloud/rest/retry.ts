import { setTimeout as sleep } from 'node:timers/promises';
import pRetry, { AbortError } from 'p-retry';
import { AntipodeError, isAntipodeError } from '@antipode/errors';

export interface RetryTimes {
  readonly attempts: number;
  /** Wait before the second attempt; doubled, with jitter, from then on. */
  readonly firstWaitMs: number;
  /** A host that asks for more patience than this is not asked again. */
  readonly longestWaitMs: number;
}

/** Who asks for more patience than this gets it from the next sweep, not from a call that somebody waits for. */
export const RETRY_TIMES: RetryTimes = { attempts: 4, firstWaitMs: 500, longestWaitMs: 20_000 };
/** Somebody sits before a page. */
export const PEOPLE_RETRY_TIMES: RetryTimes = { attempts: 2, firstWaitMs: 200, longestWaitMs: 1000 };

/** `any`: asking twice does no harm. `unprocessed`: only where the host says that it has not begun (429). */
export type Repeatable = 'any' | 'unprocessed';

/**
 * Asks again, later and later, while the primary is limited or briefly away; honours Retry-After.
 *
 * @throws the last AntipodeError.
 */
export async function withRetry<T>(
  ask: () => Promise<T>,
  options: {
    readonly repeatable: Repeatable;
    readonly times: RetryTimes;
    readonly signal: AbortSignal | undefined;
  },
): Promise<T> {
  const { repeatable, times, signal } = options;
  const attempt = async (): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      // p-retry gives up on an AbortError, and throws what is inside.
      throw mayRepeat(error, repeatable, times) ? error : new AbortError(error as Error);
    }
  };
  try {
    return await pRetry(attempt, {
      retries: times.attempts - 1,
      minTimeout: times.firstWaitMs,
      factor: 2,
      randomize: true,
      ...(signal ? { signal } : {}),
      onFailedAttempt: async ({ error, retriesLeft }) => {
        if (retriesLeft > 0)
          await sleep(retryAfterMs(error), undefined, { ref: true, ...(signal ? { signal } : {}) });
      },
    });
  } catch (error) {
    if (signal?.aborted) throw new AntipodeError('cancelled', 'asking the primary');
    throw error;
  }
}

function mayRepeat(error: unknown, repeatable: Repeatable, { longestWaitMs }: RetryTimes): boolean {
  if (!isAntipodeError(error) || retryAfterMs(error) > longestWaitMs) return false;
  return error.code === 'primary_limited' || (error.code === 'primary_unavailable' && repeatable === 'any');
}

/** Retry-After in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3); 0 where there is none. */
export function retryAfterMs(error: unknown): number {
  const text = isAntipodeError(error) ? error.context['retryAfter'] : undefined;
  if (typeof text !== 'string' || text === '') return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
