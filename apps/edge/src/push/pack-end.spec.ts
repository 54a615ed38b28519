import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PackEnd, type ObjectFormat } from './pack-end.js';

const pack = (content: Uint8Array, format: ObjectFormat): Buffer => {
  const bytes = Buffer.concat([Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1'), content]);
  return Buffer.concat([bytes, createHash(format).update(bytes).digest()]);
};

function end(bytes: Buffer, format: ObjectFormat, lengths: readonly number[]): PackEnd {
  const found = new PackEnd(format);
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    found.take(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

const given = fc.record({
  content: fc.uint8Array({ maxLength: 200 }),
  format: fc.constantFrom<ObjectFormat>('sha1', 'sha256'),
  lengths: fc.array(fc.nat(60), { maxLength: 20 }),
});

describe('the end of a pack', () => {
  it('is where its trailer is the hash of all before, however it is sliced', () => {
    fc.assert(
      fc.property(given, ({ content, format, lengths }) => {
        expect(end(pack(content, format), format, lengths).isWhole).toBe(true);
      }),
    );
  });

  it('is nowhere before, and nowhere in damage', () => {
    fc.assert(
      fc.property(given, fc.nat(), ({ content, format, lengths }, where) => {
        const whole = pack(content, format);
        const at = where % whole.length;
        expect(end(whole.subarray(0, at), format, lengths).isWhole).toBe(false);
        const damaged = Buffer.from(whole);
        damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
        expect(end(damaged, format, lengths).isWhole).toBe(false);
      }),
    );
  });
});
