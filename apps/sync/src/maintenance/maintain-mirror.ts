import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gitOk } from '@antipode/git-process';
import { dropExpiredPins, pinsEndMs } from '../mirrors/pins.js';

/** More packs than this make each lookup of a reader slower. */
const MANY_PACKS = 6;
/** A full repack rewrites everything; once a day is enough to let go of what no ref holds. */
const FULL_AGAIN_MS = 24 * 3_600_000;
const LAST_FULL = 'antipode/repacked';
/** There are objects that should go. */
const GARBAGE = 'antipode/garbage';

/**
 * none: readers would not feel the difference. pins: leases are over. geometric: roll small packs into larger ones.
 * full: let go of what no ref and no pin holds any more.
 */
export type MaintenanceKind = 'none' | 'pins' | 'geometric' | 'full';

export async function dueMaintenance(repository: string, nowMs: number): Promise<MaintenanceKind> {
  const hasGarbage = (await timeOf(join(repository, GARBAGE))) !== undefined;
  const lastFullMs = (await timeOf(join(repository, LAST_FULL))) ?? 0;
  if (hasGarbage && nowMs - lastFullMs > FULL_AGAIN_MS) return 'full';
  const names = await readdir(join(repository, 'objects/pack')).catch(() => []);
  if (names.filter((name) => name.endsWith('.pack')).length > MANY_PACKS) return 'geometric';
  return ((await pinsEndMs(repository)) ?? Infinity) < nowMs ? 'pins' : 'none';
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
  const dropped = await dropExpiredPins(repository, Math.floor(Date.now() / 1000));
  if (dropped === 'garbage') await touch(join(repository, GARBAGE));
  if (kind === 'pins') return;
  const indexes = ['--write-midx', '--write-bitmap-index'];
  if (kind === 'full')
    await run('repack', '-a', '-d', '--quiet', '--cruft', '--cruft-expiration=1.day.ago', ...indexes);
  else await run('repack', '-d', '--quiet', '--geometric=2', ...indexes);
  // After a full run the graph may name commits that are gone; then it is written anew.
  const graph = kind === 'full' ? '--split=replace' : '--split';
  await run('commit-graph', 'write', '--reachable', graph, '--no-progress');
  await run('pack-refs', '--all');
  if (kind === 'full') await noteFull(repository);
}

async function noteFull(repository: string): Promise<void> {
  await touch(join(repository, LAST_FULL));
  // What is younger than a day was only set apart (a cruft pack); the next full run looks at it again.
  const names = await readdir(join(repository, 'objects/pack'));
  if (!names.some((name) => name.endsWith('.mtimes'))) await rm(join(repository, GARBAGE), { force: true });
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
