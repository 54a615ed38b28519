import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';

const KINDS = ['ed25519', 'ecdsa', 'rsa'] as const;
/** RSA of 2048 bits is made in a tenth of a second; nobody attacks a simulator. */
const SETTINGS = { ed25519: {}, ecdsa: { bits: 256 }, rsa: { bits: 2048 } } as const;

export interface HostKey {
  /** OpenSSH's private key format. */
  readonly privateKey: string;
  /** Type and base64. */
  readonly publicKey: string;
}

/** The host's keys: made on the first start and kept, or every client would be warned of an impostor. */
export async function openHostKeys(dataDirectory: string): Promise<HostKey[]> {
  const folder = join(dataDirectory, 'ssh');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return Promise.all(KINDS.map((kind) => openHostKey(join(folder, `host-${kind}`), kind)));
}

async function openHostKey(path: string, kind: (typeof KINDS)[number]): Promise<HostKey> {
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  const privateKey = kept ?? (await makeHostKey(path, kind));
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw new Error(`the host key ${path} is damaged: ${parsed.message}`);
  return { privateKey, publicKey: `${parsed.type} ${parsed.getPublicSSH().toString('base64')}` };
}

const generateOnce = promisify(ssh2.utils.generateKeyPair) as (
  kind: string,
  settings: object,
) => Promise<{ private: string }>;

/** ssh2 writes a key now and then that it cannot read itself. */
async function generate(kind: (typeof KINDS)[number]): Promise<string> {
  for (;;) {
    const { private: key } = await generateOnce(kind, SETTINGS[kind]);
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key;
  }
}

async function makeHostKey(path: string, kind: (typeof KINDS)[number]): Promise<string> {
  const key = await generate(kind);
  const beside = `${path}.new`;
  await writeFile(beside, key, { mode: 0o600 });
  await rename(beside, path);
  return key;
}
