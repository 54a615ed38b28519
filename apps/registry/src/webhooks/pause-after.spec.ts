import { describe, expect, it } from '@jest/globals';
import { pauseAfter } from './pause-after.js';

describe('pauseAfter', () => {
  it('looks again soon where nobody answered, and rarely where the answer was no', () => {
    expect(['denied', 'invalid'].map(pauseAfter)).toEqual([3_600_000, 3_600_000]);
    expect(['primary_unavailable', 'primary_limited', 'timed_out'].map(pauseAfter)).toEqual([
      60_000, 60_000, 60_000,
    ]);
    expect(pauseAfter(null)).toBe(600_000);
  });
});
