import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import ssh2, { type ParsedKey } from 'ssh2';
import { isProof } from './verify-signature.js';

const signed = randomBytes(200);
const keyOf = (pair: { private: string }): ParsedKey => ssh2.utils.parseKey(pair.private) as ParsedKey;
const string = (data: Buffer | string): Buffer => {
  const bytes = Buffer.from(data);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const KEYS = {
  ed25519: keyOf(ssh2.utils.generateKeyPairSync('ed25519')),
  ecdsa: keyOf(ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 })),
  rsa: keyOf(ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })),
};
const other = keyOf(ssh2.utils.generateKeyPairSync('ed25519'));

/** What a client sends: ssh2 turns a signature for OpenSSL into one for SSH and back again; so it stays. */
const signature = (key: ParsedKey, hash?: string): Buffer => key.sign(signed, hash);

describe('a proof', () => {
  it.each([
    ['ed25519', KEYS.ed25519, undefined],
    ['ecdsa', KEYS.ecdsa, undefined],
    ['rsa', KEYS.rsa, 'sha256'],
    ['rsa', KEYS.rsa, 'sha512'],
  ] as const)('is a signature with the private key: %s, %s', (_, key, hash) => {
    const publicKey = key.getPublicSSH();
    const good = { publicKey, hash, signature: signature(key, hash), signed };
    expect(isProof(good)).toBe(true);
    expect(isProof({ ...good, signed: randomBytes(200) })).toBe(false);
    expect(isProof({ ...good, publicKey: other.getPublicSSH() })).toBe(false);
  });

  it('is none with SHA-1', () => {
    const publicKey = KEYS.rsa.getPublicSSH();
    const bySha1 = signature(KEYS.rsa, 'sha1');
    expect(isProof({ publicKey, hash: undefined, signature: bySha1, signed })).toBe(false);
    expect(isProof({ publicKey, hash: 'sha1', signature: bySha1, signed })).toBe(false);
  });

  it('is none whatever a stranger sends', () => {
    const publicKey = KEYS.ed25519.getPublicSSH();
    for (const bytes of [Buffer.alloc(0), randomBytes(64), randomBytes(5000)]) {
      expect(isProof({ publicKey, hash: undefined, signature: bytes, signed })).toBe(false);
      expect(isProof({ publicKey: bytes, hash: undefined, signature: bytes, signed })).toBe(false);
      expect(
        isProof({
          publicKey: string('sk-ssh-ed25519@openssh.com'),
          hash: undefined,
          signature: bytes,
          signed,
        }),
      ).toBe(false);
    }
  });
});

describe('a proof by a security device', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const application = 'ssh:';
  const blob = Buffer.concat([string('sk-ssh-ed25519@openssh.com'), string(raw), string(application)]);
  const hash = (data: Buffer | string): Buffer => createHash('sha256').update(data).digest();
  const touch = (flags: number): Buffer => {
    const tail = Buffer.from([flags, 0, 0, 0, 7]);
    return Buffer.concat([
      sign(null, Buffer.concat([hash(application), tail, hash(signed)]), privateKey),
      tail,
    ]);
  };
  const claim = (bytes: Buffer) => isProof({ publicKey: blob, hash: undefined, signature: bytes, signed });

  it('is one where somebody has touched it', () => {
    expect(claim(touch(1))).toBe(true);
    expect(claim(touch(5))).toBe(true);
  });

  it('is none without a touch, or with a tail that was changed', () => {
    expect(claim(touch(0))).toBe(false);
    const changed = touch(1);
    changed[changed.length - 1] = 8;
    expect(claim(changed)).toBe(false);
  });
});
