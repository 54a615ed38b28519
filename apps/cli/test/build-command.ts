import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const APP = resolve(import.meta.dirname, '..');

/** The command, built from these sources into a folder of its own: another test may be building `dist` this moment. */
export async function buildCommand(): Promise<{ main: string } & AsyncDisposable> {
  await mkdir(join(APP, 'dist'), { recursive: true });
  // Within the app, where its packages are found.
  const folder = await mkdtemp(join(APP, 'dist/test-'));
  const args = [
    'src',
    '--out-dir',
    folder,
    '--strip-leading-paths',
    '--config-file',
    '../../.swcrc',
    '--quiet',
  ];
  await promisify(execFile)(join(APP, '../../node_modules/.bin/swc'), args, { cwd: APP });
  return {
    main: join(folder, 'main.js'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
