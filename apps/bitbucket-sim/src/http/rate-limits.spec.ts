import { describe, expect, it } from '@jest/globals';
import { RateLimits } from './rate-limits.js';

const limits = { windowMs: 60_000, repositories: 2, anonymous: null, git: 5 };

describe('rolling rate limits', () => {
  it('forgive what is older than the window, and nothing younger', () => {
    let now = 0;
    const rates = new RateLimits(() => now);
    const take = () => rates.take('repositories', 'ann', limits)?.allowed;

    expect([take(), ((now = 30_000), take()), take()]).toEqual([true, true, false]);
    now = 59_000;
    expect(take()).toBe(false);
    now = 60_000;
    expect([take(), take()]).toEqual([true, false]);
    now = 1_000_000;
    expect(take()).toBe(true);
  });

  it('keep identities and buckets apart, and know no limit where there is none', () => {
    const rates = new RateLimits(() => 0);
    for (let i = 0; i < 3; i += 1) rates.take('repositories', 'ann', limits);

    expect(rates.take('repositories', 'ben', limits)?.allowed).toBe(true);
    expect(rates.take('git', 'ann', limits)?.remaining).toBe(4);
    expect(rates.take('anonymous', 'ann', limits)).toBeUndefined();
  });

  it('give back what a request has cost', () => {
    const rates = new RateLimits(() => 0);
    rates.take('repositories', 'ann', limits);
    rates.take('repositories', 'ann', limits);
    rates.giveBack('repositories', 'ann');

    expect(rates.take('repositories', 'ann', limits)?.allowed).toBe(true);
  });
});
