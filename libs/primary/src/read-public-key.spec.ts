import { describe, expect, it } from '@jest/globals';
import { readPublicKey } from './read-public-key.js';

const LINE = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKqP3Cr632C2dNhhgKVcon4ldUSAeKiku2yP9O9/bDtY';

describe('a public key in a line', () => {
  it('is read with and without a comment', () => {
    const bytes = readPublicKey(LINE);
    expect(bytes).toHaveLength(51);
    expect(readPublicKey(` ${LINE}  user@host and more\n`)).toEqual(bytes);
  });

  it.each([
    '',
    'ssh-ed25519',
    'ssh-ed25519 !!!!',
    'ssh-ed25519 AAAA',
    LINE.replace('ssh-ed25519', 'ssh-rsa'),
    `ssh-ed25519 ${'A'.repeat(20_000)}`,
    '-----BEGIN OPENSSH PRIVATE KEY----- AAAA',
  ])('is none in %j', (line) => {
    expect(readPublicKey(line)).toBeUndefined();
  });
});
