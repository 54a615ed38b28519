import { describe, expect, it } from '@jest/globals';
import { formatBytes } from './words.js';

describe('sizes for people', () => {
  it.each([
    [0, '0 bytes'],
    [147, '147 bytes'],
    [1000, '1.0 kB'],
    [229_200, '229.2 kB'],
    [1_234_567, '1.2 MB'],
    [5e15, '5000.0 TB'],
  ])('say %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
