import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gitOk } from '@antipode/git-process';
import { dropExpiredPins, pinsEndMs } from '../mirrors/pins.js';

/** More packs than this make each lookup of a reader slower. */
const MANY_PACKS = 6;
/** A full repack rewrites everything; once a day is enough to let go of what no ref holds. */
const FULL_AGAIN_MS = 24 * 3_600_000;
const LAST_FULL = 'antipode/repacked';

/**
 * none: readers would not feel the difference. geometric: roll small packs into larger ones. full: leases of pins are
 * over, and what they held should go.
 */
export type MaintenanceKind = 'none' | 'geometric' | 'full';

export async function dueMaintenance(repository: string, nowMs: number): Promise<MaintenanceKind> {
  const pinsEnd = await pinsEndMs(repository);
  const lastFull = await timeOf(join(repository, LAST_FULL));
  if (pinsEnd !== undefined && pinsEnd < nowMs && nowMs - (lastFull ?? 0) > FULL_AGAIN_MS) return 'full';
  const names = await readdir(join(repository, 'objects/pack')).catch(() => []);
  return names.filter((name) => name.endsWith('.pack')).length > MANY_PACKS ? 'geometric' : 'none';
}

/**
 * Makes a mirror repository quick to read: packs that double in size (geometric), one index and one bitmap over all of
 * them, a commit-graph, packed refs. Each step is git's own and safe beside readers and beside a fetch: a reader that
 * has a pack open goes on reading it, one that misses a pack looks again, and objects that no ref holds *yet* are kept.
 *
 * A full run also deletes objects that no ref and no pin holds any more: a secret that was forced out of the primary
 * should not be served here for ever.
 */
export async function maintainMirror(
  repository: string,
  { kind, signal }: { kind: Exclude<MaintenanceKind, 'none'>; signal: AbortSignal },
): Promise<void> {
  const run = (...args: string[]): Promise<Buffer> =>
    gitOk(repository, { args, settings: 'maintain', signal });
  await dropExpiredPins(repository, Math.floor(Date.now() / 1000));
  const indexes = ['--write-midx', '--write-bitmap-index'];
  if (kind === 'full')
    await run('repack', '-a', '-d', '--quiet', '--cruft', '--cruft-expiration=1.day.ago', ...indexes);
  else await run('repack', '-d', '--quiet', '--geometric=2', ...indexes);
  // After a full run the graph may name commits that are gone; then it is written anew.
  const graph = kind === 'full' ? '--split=replace' : '--split';
  await run('commit-graph', 'write', '--reachable', graph, '--no-progress');
  await run('pack-refs', '--all');
  if (kind === 'full') await touch(join(repository, LAST_FULL));
}

const timeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );

async function touch(path: string): Promise<void> {
  await writeFile(path, '');
  await utimes(path, new Date(), new Date());
}
