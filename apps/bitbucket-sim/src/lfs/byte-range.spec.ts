import { describe, expect, it } from '@jest/globals';
import { readRange } from './byte-range.js';

describe('readRange', () => {
  it.each([
    ['bytes=0-', { start: 0, end: 9 }],
    ['bytes=4-', { start: 4, end: 9 }],
    ['bytes=4-5', { start: 4, end: 5 }],
    ['bytes=4-100', { start: 4, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-30', { start: 0, end: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-4', undefined],
    ['bytes=0-1,3-4', undefined],
    ['bytes=-', undefined],
    ['lines=1-2', undefined],
    [undefined, undefined],
  ])('reads %s of ten bytes', (header, expected) => expect(readRange(header, 10)).toEqual(expected));

  it('finds nothing in an empty file', () => expect(readRange('bytes=0-', 0)).toBe('unsatisfiable'));
});
