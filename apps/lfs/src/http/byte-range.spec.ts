import { describe, expect, it } from '@jest/globals';
import { readRange } from './byte-range.js';

describe('a Range header', () => {
  it.each([
    ['bytes=0-9', { first: 0, last: 9 }],
    ['bytes=90-', { first: 90, last: 99 }],
    ['bytes=90-1000', { first: 90, last: 99 }],
    ['bytes=-10', { first: 90, last: 99 }],
    ['bytes=-1000', { first: 0, last: 99 }],
    ['BYTES= 99-99 ', { first: 99, last: 99 }],
  ])('%s is a part', (header, range) => {
    expect(readRange(header, 100)).toEqual({ kind: 'part', range });
  });

  it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('%s is nothing', (header) => {
    expect(readRange(header, 100)).toEqual({ kind: 'none' });
  });

  it.each([undefined, '', 'bytes=', 'bytes=-', 'bytes=5-2', 'bytes=0-1,5-6', 'lines=1-2', 'bytes=a-b'])(
    '%j means all of it',
    (header) => {
      expect(readRange(header, 100)).toEqual({ kind: 'whole' });
    },
  );

  it('of an empty object is nothing', () => {
    expect(readRange('bytes=0-', 0)).toEqual({ kind: 'none' });
    expect(readRange('bytes=-5', 0)).toEqual({ kind: 'none' });
  });
});
