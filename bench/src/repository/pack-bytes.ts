import { run } from '../processes/run.js';

/** How much the packs of a repository weigh. */
export async function packBytes(repository: string): Promise<number> {
  const counts = await run('git', ['-c', 'safe.directory=*', '-C', repository, 'count-objects', '-v']);
  return Number(/^size-pack: (\d+)$/m.exec(counts)?.[1] ?? 0) * 1024;
}
