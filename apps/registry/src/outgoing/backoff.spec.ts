import { describe, expect, it } from '@jest/globals';
import { nextAttempt } from './backoff.js';

describe('nextAttempt', () => {
  const createdAt = new Date('2026-07-01T00:00:00Z');
  const after = (attempts: number, atMs = 0): number | undefined => {
    const now = createdAt.getTime() + atMs;
    const next = nextAttempt({ attempts, createdAt }, now, 0.5);
    return next ? (next.getTime() - now) / 1000 : undefined;
  };

  it('comes ever later, up to an hour', () => {
    expect([1, 2, 3, 9, 10, 50].map((attempts) => after(attempts))).toEqual([10, 20, 40, 2560, 3600, 3600]);
  });

  it('is not the same moment for all', () => {
    const at = (random: number): number | undefined =>
      nextAttempt({ attempts: 1, createdAt }, createdAt.getTime(), random)?.getTime();
    expect((at(1) ?? 0) - (at(0) ?? 0)).toBe(4000);
  });

  it('does not come after a day', () => {
    expect(after(30, 82_000_000)).toBe(3600);
    expect(after(30, 83_000_000)).toBeUndefined();
  });
});
