import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gitOk } from '@antipode/git-process';

/** More packs than this make each lookup of a reader slower. */
const MANY_PACKS = 6;

/** True where readers would feel the difference. */
export async function needsMaintenance(repository: string): Promise<boolean> {
  const names = await readdir(join(repository, 'objects/pack')).catch(() => []);
  return names.filter((name) => name.endsWith('.pack')).length > MANY_PACKS;
}

/**
 * Makes a mirror repository quick to read: packs that double in size (geometric), one index and one bitmap over all of
 * them, a commit-graph, packed refs. Each step is git's own, safe beside readers and beside a fetch: objects that no ref
 * holds yet are kept, and a reader that has a pack open goes on reading it.
 */
export async function maintainMirror(repository: string, signal: AbortSignal): Promise<void> {
  const run = (...args: string[]): Promise<Buffer> =>
    gitOk(repository, { args, settings: 'maintain', signal });
  await run('repack', '-d', '--quiet', '--geometric=2', '--write-midx', '--write-bitmap-index');
  await run('commit-graph', 'write', '--reachable', '--split', '--no-progress');
  await run('pack-refs', '--all');
}
