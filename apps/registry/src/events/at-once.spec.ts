import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { AtOnce } from './at-once.js';

describe('AtOnce', () => {
  it('runs no more than so many at a time, and all of them, failures or not', async () => {
    const limit = new AtOnce(3);
    let [now, most, done] = [0, 0, 0];
    const work = async (n: number): Promise<void> => {
      most = Math.max(most, (now += 1));
      await sleep(1);
      now -= 1;
      done += 1;
      if (n % 4 === 0) throw new Error('as some do');
    };
    await Promise.allSettled(Array.from({ length: 20 }, (_, n) => limit.run(() => work(n))));
    expect([most, done, now]).toEqual([3, 20, 0]);
  });
});
