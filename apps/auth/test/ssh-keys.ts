import { createHash, randomBytes } from 'node:crypto';

const field = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** A new key's line of `….pub`; nobody signs with it here. */
export function newPublicKey(): string {
  const wire = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(randomBytes(32))]);
  return `ssh-ed25519 ${wire.toString('base64')}`;
}

export const wireFormat = (line: string): Buffer => Buffer.from(line.split(' ')[1] ?? '', 'base64');

/** As ssh-keygen shows it. */
export const fingerprint = (line: string): string =>
  createHash('sha256').update(wireFormat(line)).digest('base64').replace(/=+$/, '');
