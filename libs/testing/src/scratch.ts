import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of the test's own, gone when the test is over: `await using scratch = await openScratch()`. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
  /** A path in it, which nobody has used yet unless it is given a name. */
  file(name?: string): string;
}

export async function openScratch(): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), 'antipode-test-'));
  let next = 0;
  return {
    path,
    file: (name = `${(next += 1)}`) => join(path, name),
    // Half-killed git processes may still write for a moment.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  };
}
