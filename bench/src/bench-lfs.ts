import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureNginx } from './baseline/nginx.js';
import { BenchHouse } from './house/bench-house.js';
import { LoadGenerator } from './load/load-generator.js';
import type { Options } from './options.js';
import { lfsRows } from './rows/lfs.js';
import { planOf } from './rows/plan.js';
import type { Row } from './rows/row.js';

/** The rows of large files alone: they need no Apache, no sshd and no large repository. */
export async function benchLfs(
  options: Options,
  say: (line: string) => void,
  interrupted: Promise<never>,
): Promise<Row[]> {
  const nginx = await ensureNginx(say);
  say('Starting the house …');
  await using house = await BenchHouse.start(join(options.folder, 'house'), options.portBase);
  await using generator = new LoadGenerator();
  const scratch = join(options.folder, 'scratch');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const site = { plan: planOf(options.size), house, generator, scratch, say, nginx };
  return await Promise.race([interrupted, lfsRows(site)]);
}
