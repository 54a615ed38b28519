import { access, mkdir, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { run } from '../processes/run.js';
import { historyStream } from './history-stream.js';
import type { Shape } from './shape.js';

/** Assets are noise: searching deltas between them costs a minute and finds nothing. */
const NO_DELTAS_FOR_ASSETS = ['-c', 'core.bigFileThreshold=16k'];

/**
 * A bare repository of this shape in `folder`, made in seconds, or taken from an earlier run.
 *
 * @returns its path.
 */
export async function makeRepository(folder: string, shape: Shape): Promise<string> {
  const version = createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 12);
  const path = join(folder, `${shape.slug}-${version}.git`);
  if (await exists(path)) return path;
  const staging = `${path}.staging`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', staging]);
  await run('git', ['-C', staging, 'fast-import', '--quiet', '--done'], { input: historyStream(shape) });
  // fast-import compares a blob only with the one before it; real repositories have better deltas.
  await run('git', ['-C', staging, ...NO_DELTAS_FOR_ASSETS, 'repack', '-adq']);
  await run('git', ['-C', staging, 'pack-refs', '--all']);
  await rename(staging, path);
  return path;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
