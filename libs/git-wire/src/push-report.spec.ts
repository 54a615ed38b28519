import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeErrorPacket } from './error-packet.js';
import { FLUSH, writePacket } from './pkt-line.js';
import { PushReportReader } from './push-report.js';
import { writeSideBand } from './side-band.js';

const REPORTED = { commands: true, report: true };
const report = (...lines: string[]): Buffer =>
  Buffer.concat([...lines.map((line) => writePacket(`${line}\n`)), FLUSH]);
const GOOD = report('unpack ok', 'ok refs/heads/x', 'ng refs/heads/y non-fast-forward');
const inBands = (content: Buffer, pieces = 1): Buffer => {
  const size = Math.ceil(content.length / pieces);
  const packets = Array.from({ length: pieces }, (_, i) => content.subarray(i * size, (i + 1) * size));
  return Buffer.concat(
    packets.filter(({ length }) => length > 0).map((piece) => writeSideBand('data', piece)),
  );
};

function read(bytes: Buffer, lengths: readonly number[] = []): { free: Buffer; reader: PushReportReader } {
  const reader = new PushReportReader();
  const free: Buffer[] = [];
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    free.push(reader.take(bytes.subarray(at, at + length)));
    at += length;
  }
  return { free: Buffer.concat(free), reader };
}

/** Everything a server may say in side-band, with its report cut into as many packets as it likes. */
const answers = fc
  .record({
    before: fc.array(fc.string({ maxLength: 20 }), { maxLength: 3 }),
    pieces: fc.integer({ min: 1, max: 20 }),
    after: fc.array(fc.string({ maxLength: 20 }), { maxLength: 3 }),
  })
  .map(({ before, pieces, after }) =>
    Buffer.concat([
      ...before.map((text) => writeSideBand('progress', text)),
      inBands(GOOD, pieces),
      // receive.keepAlive
      writePacket(Buffer.of(1)),
      ...after.map((text) => writeSideBand('progress', text)),
      FLUSH,
    ]),
  );
const slices = fc.array(fc.nat(20), { maxLength: 30 });

describe('the report of a push', () => {
  it('goes on byte for byte, but for its end, however it is sliced', () => {
    fc.assert(
      fc.property(answers, slices, (bytes, lengths) => {
        const { free, reader } = read(bytes, lengths);
        expect(free.equals(bytes.subarray(0, -4))).toBe(true);
        expect(reader.held).toEqual(FLUSH);
        expect(reader.isWhole(REPORTED)).toBe(true);
        expect(reader).toMatchObject({ moved: 1, isRefusal: false, hasError: false });
      }),
    );
  });

  it('is never whole when the smallest part of its end is missing, and leaves whole packets only', () => {
    fc.assert(
      fc.property(answers, fc.double({ min: 0, max: 1, noNaN: true }), slices, (bytes, where, lengths) => {
        const cut = Math.floor(where * (bytes.length - 1));
        const { free, reader } = read(bytes.subarray(0, cut), lengths);
        expect(reader.isWhole(REPORTED)).toBe(false);
        // Whatever comes next is understood as a packet.
        expect(() => read(Buffer.concat([free, writeSideBand('error', 'x')]))).not.toThrow();
      }),
    );
  });

  it('without side-band ends with its own flush', () => {
    const { free, reader } = read(GOOD, [3, 5]);
    expect(free).toEqual(GOOD.subarray(0, -4));
    expect(reader.isWhole(REPORTED)).toBe(true);
    expect(read(GOOD.subarray(0, -1)).reader.isWhole(REPORTED)).toBe(false);
    expect(read(GOOD.subarray(0, -4)).reader.isWhole(REPORTED)).toBe(false);
  });

  it('must be there where it was asked for', () => {
    const silent = Buffer.concat([writeSideBand('progress', 'hello'), FLUSH]);
    expect(read(silent).reader.isWhole(REPORTED)).toBe(false);
    expect(read(silent).reader.isWhole({ commands: true, report: false })).toBe(true);
    const empty = Buffer.alloc(0);
    expect(read(empty).reader.isWhole(REPORTED)).toBe(false);
    expect(read(empty).reader.isWhole({ commands: false, report: true })).toBe(true);
    // A flush of the report alone, without the conversation's.
    expect(read(inBands(GOOD)).reader.isWhole(REPORTED)).toBe(false);
  });

  it('is a refusal where nothing was moved', () => {
    const none = report('unpack ok', 'ng refs/heads/x hook declined');
    expect(read(Buffer.concat([inBands(none), FLUSH])).reader.isRefusal).toBe(true);
  });

  it('shows the server’s own error', () => {
    expect(read(writeSideBand('error', 'disk full')).reader.hasError).toBe(true);
    expect(read(writeErrorPacket('no')).reader.hasError).toBe(true);
  });

  it('lets a flush go that turns out not to be the end', () => {
    const more = Buffer.concat([inBands(GOOD), FLUSH, writeSideBand('progress', 'late'), FLUSH]);
    expect(read(more, [8, 8, 8]).free).toEqual(more.subarray(0, -4));
  });

  it.each([Buffer.from('success!'), Buffer.from('0001'), Buffer.from('<html>')])('is none: %s', (bytes) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});
