// Stops every house that the run has started, also those whose suite failed, and removes their data.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const checkout = resolve(import.meta.dirname, '..');

export default async function closeNeighbourhood() {
  const folder = process.env.ANTIPODE_E2E;
  for (const house of await readdir(folder)) {
    const data = join(folder, house);
    if (existsSync(join(data, 'house.json'))) await stop(data);
  }
  if (process.env.ANTIPODE_E2E_KEEP) return void process.stderr.write(`The houses' data is in ${folder}\n`);
  await rm(folder, { recursive: true, force: true });
}

async function stop(data) {
  // What jest sets for itself would reach into npm.
  const env = { ...process.env, NODE_OPTIONS: '' };
  const npm = spawn('npm', ['run', 'stop', '--', '--data', data], { cwd: checkout, env, stdio: 'ignore' });
  await once(npm, 'exit');
}
