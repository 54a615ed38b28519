import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { AntipodeError } from '@antipode/errors';

/** One of the keys by which clients know this mirror again. */
export interface HostKey {
  /** "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa". */
  readonly type: string;
  /** As ssh shows it: "SHA256:…". */
  readonly fingerprint: string;
  /** In OpenSSH's format. Secret. */
  readonly privateKey: string;
}

type KeyKind = 'ed25519' | 'ecdsa' | 'rsa';

/** The order is the server's; clients choose by their own. MINA and libssh2 prefer ECDSA, old ones know RSA alone. */
const KINDS: readonly KeyKind[] = ['ed25519', 'ecdsa', 'rsa'];

/** This mirror's host keys: opened once, and made if this is its first start. */
export class HostKeyRing {
  private opening: Promise<readonly HostKey[]> | undefined;
  private keys: readonly HostKey[] = [];

  constructor(private readonly folder: string) {}

  /** Empty until the keys are open. */
  get fingerprints(): readonly string[] {
    return this.keys.map(({ type, fingerprint }) => `${fingerprint} (${NAMES[type] ?? type})`);
  }

  /** @throws AntipodeError `internal` where a key cannot be read, written or understood. */
  async open(): Promise<readonly HostKey[]> {
    this.opening ??= openHostKeys(this.folder);
    this.keys = await this.opening;
    return this.keys;
  }
}

/** As ssh calls them when it shows a fingerprint. */
const NAMES: Readonly<Record<string, string>> = {
  'ssh-ed25519': 'ED25519',
  'ecdsa-sha2-nistp256': 'ECDSA',
  'ssh-rsa': 'RSA',
};

/**
 * The host keys in a folder; those that are missing are made first.
 *
 * Several edges may start on one folder at once: whoever links its file first wins, and all use that one.
 *
 * @throws AntipodeError `internal` where a key cannot be read, written or understood.
 */
export async function openHostKeys(folder: string): Promise<HostKey[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return Promise.all(KINDS.map((kind) => openHostKey(join(folder, `ssh_host_${kind}_key`), kind)));
}

async function openHostKey(file: string, kind: KeyKind): Promise<HostKey> {
  const privateKey = (await readIfThere(file)) ?? (await make(file, kind));
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error || !key.isPrivateKey())
    throw new AntipodeError(
      'internal',
      'reading a host key',
      { file },
      { hint: `${file} holds no private SSH key without a passphrase. Mend it, or move it away.` },
    );
  return { type: key.type, fingerprint: fingerprintOf(key.getPublicSSH()), privateKey };
}

/** As `ssh-keygen -l` writes it. */
export const fingerprintOf = (publicKey: Buffer): string =>
  `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`;

async function make(file: string, kind: KeyKind): Promise<string> {
  const staging = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  await writeSecret(staging, await generate(kind));
  try {
    // A link, for a rename would take the place of the key that somebody else has just made and begun to use.
    await link(staging, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new AntipodeError('internal', 'keeping a host key', { file }, { cause: error });
  } finally {
    await rm(staging, { force: true });
  }
  return readFile(file, 'utf8');
}

async function writeSecret(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** ssh2 writes one ed25519 key in some hundreds in a form that it cannot read itself. */
async function generate(kind: KeyKind): Promise<string> {
  for (;;) {
    const key = await generateOnce(kind);
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key;
  }
}

function generateOnce(kind: KeyKind): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, pair: { private: string }): void =>
      error ? reject(error) : resolve(pair.private);
    const comment = 'antipode';
    if (kind === 'ed25519') ssh2.utils.generateKeyPair('ed25519', { comment }, done);
    else if (kind === 'ecdsa') ssh2.utils.generateKeyPair('ecdsa', { bits: 256, comment }, done);
    else ssh2.utils.generateKeyPair('rsa', { bits: 3072, comment }, done);
  });
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AntipodeError('internal', 'reading a host key', { file }, { cause: error });
  }
}
