import { describe, expect, it } from '@jest/globals';
import { bucketsOf } from './buckets.js';

describe('bucketsOf', () => {
  it('makes at most 200 points of any span, which reach up to now', () => {
    const now = Date.parse('2026-07-01T12:34:56Z');
    for (let hours = 1; hours <= 720; hours += 1) {
      const { seconds, starts } = bucketsOf(hours, now);
      expect(starts.length).toBeLessThanOrEqual(200);
      expect(starts.at(-1)).toBe(Math.floor(now / 1000 / seconds) * seconds);
      expect(starts.length * seconds).toBeGreaterThanOrEqual(hours * 3600);
    }
  });

  it('is as fine as it can be: minutes for an hour, ten of them for a day, hours for a week', () => {
    expect([1, 24, 168, 720].map((hours) => bucketsOf(hours).seconds / 60)).toEqual([1, 10, 60, 240]);
  });

  it('is no finer than by the hour where older minutes have been added up', () => {
    expect(bucketsOf(49).seconds).toBe(3600);
  });
});
