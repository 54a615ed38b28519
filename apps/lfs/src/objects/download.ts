import { setTimeout as sleep } from 'node:timers/promises';
import type { ByteRange } from '@antipode/blob-store';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';
import { answeredBytes, RefusedLink } from './answered-bytes.js';
import type { Source } from './objects.js';
import { storageError, type Pace, type StorageClient } from './storage-client.js';

export interface DownloadOptions {
  readonly storage: Pick<StorageClient, 'fetch'>;
  /** Wait before the second attempt, in milliseconds; doubled, with jitter, from then on. */
  readonly firstWaitMs: number;
  readonly onBytes: (bytes: number) => void;
}

export interface Wanted extends ByteRange {
  readonly object: LfsObject;
  readonly source: Source;
  /** Of whoever takes the bytes. */
  readonly pace: Pace;
}

/** Without a single byte between them. */
const MOST_FAILURES = 5;
/** However far each of them came. */
const MOST_CONNECTIONS = 1000;
const LONGEST_WAIT_MS = 20_000;
const DOING = 'downloading an object';

/**
 * The bytes of an object, or a part of them, from the primary's storage; unverified. What breaks off goes on from where
 * it was; a link that is refused is asked for again.
 *
 * @throws AntipodeError `not_found`, `primary_*`, `cancelled`; whatever `source` throws and cannot be repeated.
 */
export async function* download(
  { object, source, first, last, pace }: Wanted,
  options: DownloadOptions,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const trouble = new Trouble(options.firstWaitMs, signal);
  for (let at = first; at <= last;) {
    const before = at;
    try {
      const link = await source.link({ fresh: trouble.wantsFresh }, signal);
      const headers = at === 0 && last === object.size - 1 ? {} : { range: `bytes=${at}-${last}` };
      const answer = await options.storage.fetch(
        link,
        { headers: { accept: '*/*', 'accept-encoding': 'identity', ...headers }, pace },
        signal,
      );
      for await (const chunk of answeredBytes(answer, { first: at, last, size: object.size })) {
        options.onBytes(chunk.length);
        at += chunk.length;
        yield chunk;
      }
      if (at <= last) throw new AntipodeError('primary_unavailable', DOING, { reason: 'broke off' });
    } catch (error) {
      await trouble.pause(storageError(error, signal), at > before);
    }
  }
}

/** What went wrong with one download so far, and whether it is worth going on. */
class Trouble {
  wantsFresh = false;
  private failures = 0;
  private connections = 0;

  constructor(
    private readonly firstWaitMs: number,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws the error, where another attempt would not help. */
  async pause(error: AntipodeError, moved: boolean): Promise<void> {
    if (moved) this.failures = 0;
    this.failures += 1;
    this.connections += 1;
    if (this.connections >= MOST_CONNECTIONS) throw error;
    if (error instanceof RefusedLink && (moved || !this.wantsFresh)) {
      // Links expire while objects are large and lines are slow: that is no failure of anybody's.
      this.wantsFresh = true;
      return;
    }
    this.wantsFresh = false;
    const waitMs = this.waitMs(error);
    if (!mayRepeat(error) || this.failures >= MOST_FAILURES || waitMs > LONGEST_WAIT_MS) throw error;
    await sleep(waitMs, undefined, { signal: this.signal }).catch((cause: unknown) => {
      throw toAntipodeError(cause, DOING);
    });
  }

  private waitMs(error: AntipodeError): number {
    const backoff = this.firstWaitMs * 2 ** (this.failures - 1) * (1 + Math.random());
    return Math.max(backoff, retryAfterMs(error.context['retryAfter']));
  }
}

const mayRepeat = ({ code }: AntipodeError): boolean =>
  code === 'primary_unavailable' || code === 'primary_limited' || code === 'timed_out' || code === 'busy';

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterMs(text: unknown): number {
  if (typeof text !== 'string' || text === '') return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
