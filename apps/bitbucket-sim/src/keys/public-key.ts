import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';

/** A public key as Bitbucket shows it. */
export interface PublicKey {
  /** Type and base64, without the comment. */
  readonly key: string;
  readonly comment: string;
  /** SHA-256 of the key, base64 without padding and without `SHA256:` in front: 43 characters. */
  readonly fingerprint: string;
}

/** DSA is gone from OpenSSH, and everything else than these from Bitbucket. */
const TYPES = ['ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'];

const MAX_LENGTH = 16 * 1024;

/** Reads one line as in `id_ed25519.pub`; undefined for anything else. */
export function readPublicKey(line: string): PublicKey | undefined {
  const [type = '', base64 = '', ...comment] = line.trim().split(/\s+/);
  if (line.length > MAX_LENGTH || !TYPES.includes(type)) return undefined;
  const parsed = ssh2.utils.parseKey(`${type} ${base64}`);
  if (parsed instanceof Error || parsed.isPrivateKey()) return undefined;
  const blob = parsed.getPublicSSH();
  const key = `${type} ${blob.toString('base64')}`;
  return { key, comment: comment.join(' '), fingerprint: fingerprintOf(blob) };
}

/** @param blob the key as it travels on the wire (RFC 4253 §6.6) */
export const fingerprintOf = (blob: Buffer): string =>
  createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
