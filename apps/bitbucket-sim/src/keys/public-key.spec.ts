import { describe, expect, it } from '@jest/globals';
import { readPublicKey } from './public-key.js';

/** RFC 8709 leaves the rest to the eye: 32 bytes behind the name of the type. */
const BLOB = Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from('ssh-ed25519'),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]);
const KEY = `ssh-ed25519 ${BLOB.toString('base64')}`;

describe('readPublicKey', () => {
  it('parts the key from its comment, and computes the fingerprint', () => {
    expect(readPublicKey(`${KEY}  ann at  home \n`)).toEqual({
      key: KEY,
      comment: 'ann at home',
      fingerprint: expect.stringMatching(/^[A-Za-z0-9+/]{43}$/),
    });
  });

  it.each([
    ['nothing', ''],
    ['another type in front than within', KEY.replace('ssh-ed25519', 'ssh-rsa')],
    ['half a key', KEY.slice(0, 40)],
    ['a type that is gone', 'ssh-dss AAAAB3NzaC1kc3MAAACBAA=='],
    ['options in front', `command="x" ${KEY}`],
    ['far too much', `${KEY} ${'x'.repeat(20_000)}`],
  ])('refuses %s', (_what, line) => {
    expect(readPublicKey(line)).toBeUndefined();
  });
});
