import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.js';

export interface SshKeyPair {
  /** Of the private key's file, for `ssh -i`. */
  readonly path: string;
  /** The line of `….pub`. */
  readonly publicKey: string;
}

const BITS = { ed25519: [], ecdsa: ['-b', '256'], rsa: ['-b', '2048'] } as const;

/** A key pair as a person makes one, without a passphrase. @param folder of the test's own */
export async function makeSshKey(
  folder: string,
  name: string,
  kind: keyof typeof BITS = 'ed25519',
): Promise<SshKeyPair> {
  const path = join(folder, name);
  const args = ['-q', '-t', kind, ...BITS[kind], '-N', '', '-C', `${name}@example.com`, '-f', path];
  const { code, output } = await runCommand('ssh-keygen', args);
  if (code !== 0) throw new Error(`ssh-keygen ended with ${code}: ${output}`);
  return { path, publicKey: (await readFile(`${path}.pub`, 'utf8')).trim() };
}
