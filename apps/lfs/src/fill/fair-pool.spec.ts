import { describe, expect, it } from '@jest/globals';
import { FairPool } from './fair-pool.js';

/** Tasks that wait until they are let go, and note when they started. */
function given(concurrency: number) {
  const started: string[] = [];
  const drained: string[] = [];
  const letGo: (() => void)[] = [];
  const pool = new FairPool(concurrency, (owner) => drained.push(owner));
  const add = (owner: string, name: string): Promise<void> =>
    pool.run(owner, async () => {
      started.push(name);
      await new Promise<void>((resolve) => letGo.push(resolve));
    });
  const next = async (): Promise<void> => {
    letGo.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { pool, add, next, started, drained };
}

describe('a fair pool', () => {
  it('runs no more at once than it may', async () => {
    const { add, next, started } = given(2);
    for (const name of ['a1', 'a2', 'a3']) void add('a', name);
    expect(started).toEqual(['a1', 'a2']);
    await next();
    expect(started).toEqual(['a1', 'a2', 'a3']);
  });

  it('lets others in before somebody’s long queue', async () => {
    const { add, next, started } = given(1);
    for (const name of ['a1', 'a2', 'a3']) void add('a', name);
    void add('b', 'b1');
    void add('b', 'b2');
    for (let i = 0; i < 4; i++) await next();
    expect(started).toEqual(['a1', 'a2', 'b1', 'a3', 'b2']);
  });

  it('tells when an owner has nothing waiting any more', async () => {
    const { add, next, pool, drained } = given(1);
    void add('a', 'a1');
    void add('a', 'a2');
    expect([drained, pool.waitingOf('a')]).toEqual([['a'], 1]);
    await next();
    expect([drained, pool.waitingOf('a')]).toEqual([['a', 'a'], 0]);
  });

  it('goes on after a task that failed, and says so to whom it belongs', async () => {
    const pool = new FairPool(1, () => undefined);
    const failing = pool.run('a', () => Promise.reject(new Error('no')));
    const following = pool.run('a', () => Promise.resolve());
    await expect(failing).rejects.toThrow('no');
    await expect(following).resolves.toBeUndefined();
  });
});
