import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { registry } from '@antipode/contracts';
import { UntoldRuns } from './untold-runs.js';

const run = (changes = 0, ref = 'refs/heads/x') =>
  registry.SyncRun.fromPartial({
    id: randomUUID(),
    changeCount: changes,
    changes: Array.from({ length: changes }, () => ({ ref, fromOid: '', toOid: 'a'.repeat(40) })),
  });

describe('runs that nobody has heard of yet', () => {
  it('are told in the order in which they ended, so many at once, until they are forgotten', () => {
    const untold = new UntoldRuns();
    const all = Array.from({ length: 150 }, () => run());
    for (const one of all) untold.add(one);
    const first = untold.next();
    expect(first).toEqual(all.slice(0, 100));
    expect(untold.next()).toEqual(first);
    untold.forget(first);
    expect(untold.next()).toEqual(all.slice(100));
  });

  it('are dropped from the oldest on, and counted, where there are too many', () => {
    const untold = new UntoldRuns();
    const all = Array.from({ length: 1003 }, () => run());
    for (const one of all) untold.add(one);
    expect(untold.size).toBe(1000);
    expect(untold.dropped).toBe(3);
    expect(untold.next()[0]).toEqual(all[3]);
  });

  it('tell only the number of their changes where these would fill the memory or a message', () => {
    const untold = new UntoldRuns();
    for (let i = 0; i < 21; i += 1) untold.add(run(1000));
    const told = untold.next();
    expect(told[0]).toMatchObject({ changes: [], changeCount: 1000 });
    expect(told[1]?.changes).toHaveLength(1000);
    // A change is some 160 bytes here: not all of them go into one message.
    expect(told.length).toBeLessThan(10);
    const wordy = run(1000, `refs/heads/${'x'.repeat(1000)}`);
    const alone = new UntoldRuns();
    alone.add(wordy);
    expect(alone.next()).toEqual([{ ...wordy, changes: [] }]);
  });
});
