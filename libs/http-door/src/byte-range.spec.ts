import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRange } from './byte-range.js';

const part = (first: number, last: number) => ({ kind: 'part', range: { first, last } });

describe('a Range header', () => {
  it.each([
    ['bytes=0-0', part(0, 0)],
    ['bytes=3-', part(3, 9)],
    ['bytes=3-99', part(3, 9)],
    ['Bytes= 9-9 ', part(9, 9)],
    ['bytes=-3', part(7, 9)],
    ['bytes=-99', part(0, 9)],
    ['bytes=10-', { kind: 'unsatisfiable' }],
    ['bytes=-0', { kind: 'unsatisfiable' }],
    ['bytes=5-4', { kind: 'whole' }],
    ['bytes=0-1,3-4', { kind: 'whole' }],
    ['bytes=-', { kind: 'whole' }],
    ['items=0-1', { kind: 'whole' }],
    [undefined, { kind: 'whole' }],
  ])('%s is understood, of ten bytes', (header, asked) => {
    expect(parseRange(header, 10)).toEqual(asked);
  });

  it.each(['bytes=0-', 'bytes=0-0', 'bytes=-1'])('%s has no part of nothing', (header) => {
    expect(parseRange(header, 0)).toEqual({ kind: 'unsatisfiable' });
  });

  it('never leads outside', () => {
    const text = fc.string({ unit: fc.constantFrom(...'bytes=0123456789-, ') });
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((tail) => `bytes=${tail}`),
        ),
        fc.nat(),
        (header, size) => {
          const asked = parseRange(header, size);
          if (asked.kind !== 'part') return;
          expect(asked.range.first).toBeLessThanOrEqual(asked.range.last);
          expect(asked.range.last).toBeLessThan(size);
        },
      ),
    );
  });
});
