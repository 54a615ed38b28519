import { createHash } from 'node:crypto';

/**
 * The name of a public key: SHA-256 of its wire format (RFC 4253, 6.6), base64 without padding, as ssh-keygen shows it
 * after "SHA256:".
 */
export const fingerprintOf = (publicKey: Uint8Array): string =>
  createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '');
