import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DELIM, FLUSH, writeErrorPacket, writePacket, writeSideBand } from '@antipode/git-wire';
import { Opening, type Opened, type OpeningOptions } from './opening.js';

const V2: OpeningOptions = { version: 2, bands: 'pack', notice: 'hello' };
const NOTICE = writeSideBand('progress', 'hello\n');

/** Feeds bytes cut into pieces of the given lengths, until something is clear. */
function open(
  bytes: Buffer,
  options: OpeningOptions,
  lengths: readonly number[] = [],
): { opened: Opened; taken: number } {
  const opening = new Opening(options);
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    const piece = bytes.subarray(at, at + Math.max(1, length));
    at += piece.length;
    const opened = piece.length > 0 ? opening.take(piece) : ({ kind: 'unclear' } as const);
    if (opened.kind !== 'unclear') return { opened, taken: at };
  }
  return { opened: opening.good(), taken: at };
}

const bytesOf = ({ opened }: ReturnType<typeof open>): string =>
  opened.kind === 'good' ? opened.bytes.toString('latin1') : opened.kind;

describe('the opening of an answer', () => {
  const acks = Buffer.concat([writePacket('acknowledgments\n'), writePacket('ready\n'), DELIM]);
  const pack = Buffer.concat([
    writeSideBand('progress', 'Counting\n'),
    writeSideBand('data', 'PACK…'),
    FLUSH,
  ]);

  it('carries the notice right behind "packfile", however the bytes are sliced', () => {
    const whole = Buffer.concat([acks, writePacket('packfile\n'), pack]);
    const expected = Buffer.concat([acks, writePacket('packfile\n'), NOTICE, pack]).toString('latin1');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 })), (lengths) => {
        const found = open(whole, V2, lengths);
        expect(bytesOf(found) + whole.toString('latin1', found.taken)).toBe(expected);
      }),
    );
  });

  it('carries none where the client wants no progress, and none in version 0', () => {
    const whole = Buffer.concat([writePacket('packfile\n'), pack]);
    expect(bytesOf(open(whole, { ...V2, notice: undefined }))).toBe(whole.toString('latin1'));
    const v0 = Buffer.concat([writePacket('NAK\n'), pack]);
    expect(bytesOf(open(v0, { ...V2, version: 0 }))).toBe(v0.toString('latin1'));
  });

  it.each([
    ['an error packet', V2, writeErrorPacket('upload-pack: not our ref')],
    [
      'an error behind progress',
      V2,
      Buffer.concat([
        writePacket('packfile\n'),
        writeSideBand('progress', 'x'),
        writeSideBand('error', 'corrupt'),
      ]),
    ],
    ['an error with sideband-all', { ...V2, bands: 'all' as const }, writeSideBand('error', 'corrupt')],
    ['an error packet in version 0', { ...V2, version: 0 as const }, writeErrorPacket('not our ref')],
    [
      'an error behind NAK in version 0',
      { ...V2, version: 0 as const },
      Buffer.concat([writePacket('NAK\n'), writeSideBand('error', 'corrupt')]),
    ],
  ])('is refused for %s, before anything was sent', (_, options, bytes) => {
    expect(open(bytes, options).opened.kind).toBe('refused');
  });

  it('ends with the flush of an answer without a pack', () => {
    const whole = Buffer.concat([writePacket('acknowledgments\n'), writePacket('NAK\n'), FLUSH]);
    expect(bytesOf(open(whole, V2))).toBe(whole.toString('latin1'));
  });

  it('sends any packets on as they are, but for the notice', () => {
    const packet = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((data) => writePacket(data)),
      fc.constantFrom(FLUSH, DELIM, writePacket('packfile\n'), writeSideBand('data', 'x')),
    );
    fc.assert(
      fc.property(
        fc.array(packet),
        fc.constantFrom(0 as const, 1 as const, 2 as const),
        fc.constantFrom('none' as const, 'pack' as const, 'all' as const),
        (packets, version, bands) => {
          const whole = Buffer.concat(packets);
          const found = open(whole, { version, bands, notice: undefined });
          if (found.opened.kind === 'good')
            expect(bytesOf(found)).toBe(whole.toString('latin1', 0, found.taken));
        },
      ),
    );
  });
});
