import { setTimeout as wait } from 'node:timers/promises';
import type { MirrorClient } from '../mirror/mirror-client.js';
import type { Repository } from '../mirror/shapes.js';
import type { ProgressRow, Screen } from '../screen/screen.js';
import { formatBytes } from '../screen/words.js';
import { stoppedShort } from '../stopped-short.js';

const POLL_MS = 150;
const LONGEST_MS = 180_000;

/** Shows the selected repositories on their way until each has been published once. @returns them */
export async function watchSync(
  client: MirrorClient,
  screen: Screen,
  stop: AbortSignal,
): Promise<Repository[]> {
  const deadline = Date.now() + LONGEST_MS;
  for (;;) {
    const repositories = (await client.repositories()).values;
    screen.progress(repositories.map(rowOf));
    if (repositories.length > 0 && repositories.every(isServed)) return repositories;
    if (Date.now() > deadline) throw tooSlow(repositories);
    await wait(POLL_MS, undefined, { signal: stop });
  }
}

/** An empty repository is ready without ever having had something to publish. */
const isServed = ({ epoch, phase }: Repository): boolean => epoch > 0 || phase === 'ready';

function rowOf(repository: Repository): ProgressRow {
  const { path, phase, progress, error } = repository;
  if (isServed(repository))
    return { label: path, percent: 100, note: `in sync, ${formatBytes(repository.sizeBytes)}` };
  if (error) return { label: path, percent: progress?.percent ?? 0, note: `${phase}: ${error.message}` };
  // 100 is kept for "can be cloned from here".
  const percent = Math.min(99, progress?.percent ?? 0);
  return {
    label: path,
    percent,
    note: progress ? `${wordFor(progress.step)}, ${formatBytes(progress.receivedBytes)}` : phase,
  };
}

const wordFor = (step: string): string => (step === 'lfs' ? 'large files' : step);

function tooSlow(repositories: readonly Repository[]): Error {
  const waiting = repositories.filter((repository) => !isServed(repository));
  const names = waiting.map(({ path, phase, error }) => `${path} (${error?.message ?? phase})`).join(', ');
  const what = names === '' ? 'no repository was discovered' : `not mirrored yet: ${names}`;
  return stoppedShort(
    'timed_out',
    `The demo gave up after ${LONGEST_MS / 1000} s; ${what}. The log of the part that does it: logs/sync.log`,
  );
}
