import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AntipodeError } from '@antipode/errors';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** First byte of a sealed secret, so that the form can change. */
const FORM = 1;

/** Encrypts a secret for the database: AES-256-GCM; form, nonce, tag, ciphertext. */
export function sealSecret(secret: string, keyHex: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(keyHex, 'hex'), nonce);
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(FORM), nonce, cipher.getAuthTag(), text]);
}

/** @throws AntipodeError `internal` where the bytes were sealed with another key, or changed. */
export function openSecret(sealed: Uint8Array, keyHex: string): string {
  const bytes = Buffer.from(sealed);
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
  const tag = bytes.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
  try {
    if (bytes[0] !== FORM) throw new Error('unknown form');
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(keyHex, 'hex'), nonce);
    decipher.setAuthTag(tag);
    return Buffer.concat([
      decipher.update(bytes.subarray(1 + NONCE_BYTES + TAG_BYTES)),
      decipher.final(),
    ]).toString('utf8');
  } catch (cause) {
    throw new AntipodeError(
      'internal',
      'opening a sealed secret',
      {},
      { cause, hint: 'A stored secret does not open with this SECRET_KEY.' },
    );
  }
}
