import { setTimeout as sleep } from 'node:timers/promises';

/** What the work says; undefined where that takes longer. The work goes on all the same. @throws what it throws in time */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([work, sleep(ms, undefined, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}
