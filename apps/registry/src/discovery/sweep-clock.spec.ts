import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SweepClock, type Outcome } from './sweep-clock.js';
import type { SweepKind } from './sweep.js';

const PAUSE = 60_000;

describe('the clock of sweeps', () => {
  let rounds: (SweepKind | undefined)[];
  let outcome: Outcome;
  let clock: SweepClock;

  beforeEach(() => {
    jest.useFakeTimers();
    rounds = [];
    outcome = 'done';
    clock = new SweepClock(
      PAUSE,
      (asked) => {
        rounds.push(asked);
        return Promise.resolve(outcome);
      },
      () => 0.5,
    );
    clock.start();
  });

  afterEach(async () => {
    await clock.stop();
    jest.useRealTimers();
  });

  it('sweeps at the start and after each pause', async () => {
    await jest.advanceTimersByTimeAsync(2 * PAUSE);
    expect(rounds).toEqual([undefined, undefined, undefined]);
  });

  it('waits ever longer while the primary limits us, and not for ever', async () => {
    outcome = 'limited';
    await jest.advanceTimersByTimeAsync(60 * PAUSE);
    const before = rounds.length;
    await jest.advanceTimersByTimeAsync(10 * PAUSE);
    expect(rounds.length - before).toBe(1);
    expect(before).toBeLessThan(12);
  });

  it('keeps its pause again once the primary answers', async () => {
    outcome = 'limited';
    await jest.advanceTimersByTimeAsync(60 * PAUSE);
    outcome = 'done';
    await jest.advanceTimersByTimeAsync(10 * PAUSE);
    const before = rounds.length;
    await jest.advanceTimersByTimeAsync(5 * PAUSE);
    expect(rounds.length - before).toBe(5);
  });

  it('sweeps soon when asked, once for a burst of askings, and fully if one of them was for that', async () => {
    await jest.advanceTimersByTimeAsync(1);
    clock.ask('recent', 'now');
    clock.ask('full', 'now');
    clock.ask('recent', 'now');
    await jest.advanceTimersByTimeAsync(1000);
    expect(rounds).toEqual([undefined, 'full']);
  });

  it('tries again soon after a failure, and does not forget what was asked for', async () => {
    await jest.advanceTimersByTimeAsync(1);
    outcome = 'failed';
    clock.ask('full', 'now');
    await jest.advanceTimersByTimeAsync(100);
    outcome = 'done';
    await jest.advanceTimersByTimeAsync(5000);
    expect(rounds).toEqual([undefined, 'full', 'full']);
  });

  it('does not hammer a primary that is away', async () => {
    outcome = 'failed';
    await jest.advanceTimersByTimeAsync(60 * PAUSE);
    expect(rounds.length).toBeLessThan(66);
  });

  it('follows hints, but not more often than every few seconds', async () => {
    await jest.advanceTimersByTimeAsync(10_000);
    for (let second = 0; second < 20; second++) {
      clock.ask('recent', 'hint');
      await jest.advanceTimersByTimeAsync(1000);
    }
    expect(rounds.length).toBeGreaterThanOrEqual(4);
    expect(rounds.length).toBeLessThanOrEqual(6);
  });

  it('does not let hints break through a limit', async () => {
    outcome = 'limited';
    await jest.advanceTimersByTimeAsync(1);
    clock.ask('recent', 'hint');
    await jest.advanceTimersByTimeAsync(PAUSE);
    expect(rounds).toEqual([undefined]);
  });

  it('does not let a hint put off what somebody waits for', async () => {
    await jest.advanceTimersByTimeAsync(10);
    clock.ask('full', 'now');
    clock.ask('recent', 'hint');
    await jest.advanceTimersByTimeAsync(100);
    expect(rounds).toEqual([undefined, 'full']);
  });

  it('spreads its rounds', async () => {
    await clock.stop();
    const early = new SweepClock(
      PAUSE,
      () => (rounds.push('full'), Promise.resolve('done')),
      () => 0,
    );
    rounds = [];
    early.start();
    await jest.advanceTimersByTimeAsync(0.9 * PAUSE + 10);
    expect(rounds).toHaveLength(2);
    await early.stop();
  });
});
