import { describe, expect, it } from '@jest/globals';
import { retryDelayMs } from './retry-policy.js';

describe('retryDelayMs', () => {
  it('doubles, and stops at five minutes', () => {
    const most = [1, 2, 3, 9, 20].map((attempts) => retryDelayMs(attempts, () => 1));
    expect(most).toEqual([1000, 2000, 4000, 256_000, 300_000]);
  });

  it('spreads what failed together over half of the waiting time', () => {
    expect(retryDelayMs(4, () => 0)).toBe(4000);
    expect(retryDelayMs(4, () => 0.5)).toBe(6000);
  });
});
