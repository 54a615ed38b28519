import { describe, expect, it } from '@jest/globals';
import { quantile, spreadOf } from './spread.js';

describe('spread', () => {
  it('names the smallest, the middle and the largest value', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3, runs: 3 });
  });

  it('lies between two neighbours where there is no middle value', () => {
    expect(spreadOf([1, 2, 10, 20]).median).toBe(6);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
  });

  it('refuses to speak about nothing', () => {
    expect(() => spreadOf([])).toThrow('nothing was measured');
  });
});
