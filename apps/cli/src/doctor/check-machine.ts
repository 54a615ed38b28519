import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../parts/find-program.js';
import { formatBytes } from '../screen/words.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** The oldest that the services are tested with. */
const OLDEST_GIT = [2, 39] as const;

export async function checkGit(): Promise<Finding> {
  const said = await versionOf('git', ['--version']);
  if (said === undefined) return fail('git', 'not on the PATH', 'Install it (Debian: apt-get install git).');
  const [major = 0, minor = 0] = (/\d+\.\d+/.exec(said)?.[0] ?? '').split('.').map(Number);
  const [wantedMajor, wantedMinor] = OLDEST_GIT;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return ok('git', said);
  return warn('git', said, `Antipode is tested with git ${OLDEST_GIT.join('.')} and newer: update it.`);
}

export async function checkGitLfs(): Promise<Finding> {
  const said = await versionOf('git-lfs', ['version']);
  if (said !== undefined) return ok('git-lfs', said);
  return warn(
    'git-lfs',
    'not on the PATH',
    'Only clients with large files need it (Debian: apt-get install git-lfs).',
  );
}

export async function checkRedisProgram(): Promise<Finding> {
  const program = await findProgram(['redis-server', 'valkey-server']);
  if (program) return ok('Redis', program);
  return fail('Redis', 'no redis-server and no valkey-server on the PATH', 'apt-get install redis-server');
}

/** "git version 2.47.3", or undefined where the program is not there. */
async function versionOf(program: string, args: string[]): Promise<string | undefined> {
  return promisify(execFile)(program, args, { timeout: 5000 }).then(
    ({ stdout }) => stdout.split('\n', 1)[0]?.trim(),
    () => undefined,
  );
}

/** Whether ssh2 encrypts in C++ or, at a third of the speed, in JavaScript. It loads its library from just this place. */
export function checkSshCiphers(home: string): Finding {
  const name = 'SSH ciphers';
  const ssh2 = join(home, 'apps/edge/node_modules/ssh2');
  if (!existsSync(ssh2)) return warn(name, `no ssh2 in ${ssh2}`, 'Install the packages: `npm start` does.');
  const library = join(realpathSync(ssh2), 'lib/protocol/crypto/build/Release/sshcrypto.node');
  const next =
    'SSH works, with slower ciphers. Install a C++ compiler (Debian: apt-get install g++) and start again with `npm start`.';
  if (!existsSync(library)) return warn(name, 'in JavaScript: the native ones are not compiled', next);
  try {
    createRequire(import.meta.url)(library);
    return ok(name, 'native');
  } catch (error) {
    const why = (error as Error).message.split('\n', 1)[0] ?? '';
    return warn(name, `in JavaScript: the native ones do not load (${why})`, `Delete ${library}. ${next}`);
  }
}

const GIGABYTE = 1e9;

/** Of the file system that holds the folder, or will hold it. */
export async function checkDisk(dataFolder: string): Promise<Finding> {
  const name = 'disk space';
  let folder = dataFolder;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, blocks, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const percent = Math.round((bavail / blocks) * 100);
  const seen = `${formatBytes(free)} free (${percent} %) for ${dataFolder}`;
  const next = 'Make room, or move the data folder with --data DIR.';
  if (free < GIGABYTE) return fail(name, seen, next);
  if (free < 5 * GIGABYTE || percent < 5) return warn(name, seen, next);
  return ok(name, seen);
}
