import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { sudoCaller } from '../config.js';
import { asAccount } from '../house/launch.js';
import type { Account } from '../house/part.js';
import { stoppedShort } from '../stopped-short.js';

/**
 * PostgreSQL refuses to run as root, so root runs it as somebody else: whoever owns the data already, else the
 * person behind sudo, else a system user.
 *
 * @returns undefined where we are not root, and run it as ourselves
 */
export async function accountFor(cluster: string, program: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(cluster).then(
    ({ uid }) => uid,
    () => undefined,
  );
  const users = await readUsers();
  const wanted = [owner, sudoCaller()].map((uid) => users.find((user) => user.uid === uid && user.uid !== 0));
  const named = ['postgres', 'nobody'].map((name) => users.find((user) => user.name === name));
  const found = [...wanted, ...named].find((user) => user !== undefined);
  if (!found)
    throw stoppedShort(
      'unsupported',
      'PostgreSQL refuses to run as root, and this system has no other user (such as "nobody") to run it as.',
    );
  const account = { ...found, needsPassage: false };
  return { ...account, needsPassage: !(await canReach(account, [program, dirname(cluster)])) };
}

/** passwd(5). initdb insists on a user with a name, so a number alone would not do. */
async function readUsers(): Promise<{ name: string; uid: number; gid: number }[]> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n');
  return lines
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ name, uid }) => name !== '' && Number.isInteger(uid));
}

async function canReach(account: Account, paths: readonly string[]): Promise<boolean> {
  const tests = paths.flatMap((path) => ['-a', '-x', path]).slice(1);
  return promisify(execFile)('setpriv', [...asAccount(account), '--', 'test', ...tests]).then(
    () => true,
    () => false,
  );
}
