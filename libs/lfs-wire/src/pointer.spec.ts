import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readPointer, writePointer } from './pointer.js';

const OID = '4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393';
const read = (text: string) => readPointer(Buffer.from(text));

describe('a pointer file', () => {
  it('is read as git-lfs writes it', () => {
    const text = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize 12345\n`;
    expect(read(text)).toEqual({ oid: OID, size: 12345 });
    expect(writePointer({ oid: OID, size: 12345 })).toBe(text);
  });

  it('is read with extensions, with the old name, with other line ends, and without the last one', () => {
    const extension = `ext-0-foo sha256:${'a'.repeat(64)}`;
    const [version, oid, size] = ['version https://hawser.github.com/spec/v1', `oid sha256:${OID}`, 'size 0'];
    expect(read([version, extension, oid, size].join('\n'))).toEqual({ oid: OID, size: 0 });
    expect(read([version, oid, size, ''].join('\r\n'))).toEqual({ oid: OID, size: 0 });
  });

  it.each([
    ['another version', `version https://git-lfs.github.com/spec/v9\noid sha256:${OID}\nsize 1\n`],
    ['keys in another order', `version https://git-lfs.github.com/spec/v1\nsize 1\noid sha256:${OID}\n`],
    ['no size', `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\n`],
    ['a negative size', `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize -1\n`],
    ['another hash', `version https://git-lfs.github.com/spec/v1\noid sha1:${OID}\nsize 1\n`],
    ['more below', `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize 1\nhello\n`],
    [
      'too long',
      `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize 1\n${'\n'.repeat(1024)}`,
    ],
    ['empty', ''],
  ])('is none where it is %s', (_, text) => {
    expect(read(text)).toBeUndefined();
  });

  it('is read again as it was written', () => {
    const object = fc.record({
      oid: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
      size: fc.nat(),
    });
    fc.assert(fc.property(object, (one) => expect(read(writePointer(one))).toEqual(one)));
  });

  it('is found in no noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => void readPointer(Buffer.from(bytes))),
    );
  });
});
