import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again until `question` neither throws nor gives undefined or false.
 *
 * @throws what the last attempt threw, after `timeoutMs`.
 */
export async function eventually<T>(
  question: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 10_000, everyMs = 25 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      const answer = await question();
      if (answer !== undefined && answer !== false) return answer;
      if (Date.now() > deadline) throw new Error(`still ${String(answer)} after ${timeoutMs} ms`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(everyMs);
  }
}
