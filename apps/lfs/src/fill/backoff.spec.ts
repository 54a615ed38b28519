import { describe, expect, it } from '@jest/globals';
import { backoffMs } from './backoff.js';

const HOUR = 3_600_000;

describe('the time before an object is tried again', () => {
  it('grows from seconds to hours', () => {
    const waits = [0, 1, 2, 5, 8, 1000].map((attempts) => backoffMs('primary_unavailable', attempts, 0.5));
    expect(waits).toEqual([2000, 6000, 18_000, 486_000, 13_122_000, 6 * HOUR]);
  });

  it('begins with an hour where the primary does not have it', () => {
    expect(backoffMs('not_found', 0, 0.5)).toBe(HOUR);
    expect(backoffMs('not_found', 50, 0.5)).toBe(24 * HOUR);
  });

  it('differs by a fifth each way', () => {
    expect([0, 1].map((random) => backoffMs('primary_unavailable', 0, random))).toEqual([1600, 2400]);
  });
});
