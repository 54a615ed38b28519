import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { FailureLimit } from './failure-limit.js';
import type { FailuresStore } from './failures.store.js';

/** A store in memory; its own spec is the integration test with Redis. */
function given(limit: number): { limit: FailureLimit; forget: () => void } {
  const counts = new Map<string, number>();
  const store = {
    of: async (block: string) => {
      await turn();
      return { count: counts.get(block) ?? 0, forgottenInMs: 4200 };
    },
    count: async (block: string) => {
      await turn();
      counts.set(block, (counts.get(block) ?? 0) + 1);
    },
  } as unknown as FailuresStore;
  return {
    limit: new FailureLimit(limit, store),
    forget: () => counts.clear(),
  };
}

const fails = async (): Promise<boolean> => {
  await turn();
  return true;
};
const succeeds = async (): Promise<boolean> => {
  await turn();
  return false;
};
const isFailure = (answer: boolean): boolean => answer;
const outcomes = async (all: Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(all)).map(({ status }) => status);

describe('the limit on failures', () => {
  it('lets a burst guess no more often than the limit', async () => {
    const { limit } = given(5);
    let asked = 0;
    const question = (): Promise<boolean> => {
      asked += 1;
      return fails();
    };
    const all = await outcomes(Array.from({ length: 100 }, () => limit.guard('a', question, isFailure)));
    expect(asked).toBe(5);
    expect(all.filter((status) => status === 'fulfilled')).toHaveLength(5);
  });

  it('answers an honest burst of any size', async () => {
    const { limit } = given(5);
    const all = await outcomes(Array.from({ length: 100 }, () => limit.guard('a', succeeds, isFailure)));
    expect(new Set(all)).toEqual(new Set(['fulfilled']));
  });

  it('says when to come back, and lets in again when the window is over', async () => {
    const { limit, forget } = given(1);
    await limit.guard('a', fails, isFailure);
    await expect(limit.guard('a', succeeds, isFailure)).rejects.toMatchObject({
      code: 'too_many_failures',
      hint: expect.stringContaining('5 s'),
    });
    await limit.guard('b', succeeds, isFailure);
    forget();
    await limit.guard('a', succeeds, isFailure);
  });

  it('does not count a question that had no answer', async () => {
    const { limit } = given(1);
    const broken = (): Promise<boolean> => Promise.reject(new Error('the primary is away'));
    for (let i = 0; i < 5; i += 1) await expect(limit.guard('a', broken, isFailure)).rejects.toThrow('away');
    await limit.guard('a', succeeds, isFailure);
  });

  it('leaves nobody waiting, whatever mixture comes', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { limit } = given(3);
      const all = await outcomes(
        Array.from({ length: 30 }, (_, i) =>
          limit.guard('a', (i * 7 + round) % 4 === 0 ? fails : succeeds, isFailure),
        ),
      );
      expect(all).toHaveLength(30);
    }
  });
});
