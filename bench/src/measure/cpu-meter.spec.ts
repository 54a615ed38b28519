import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { cpuBetween, readCpu } from './cpu-meter.js';
import { readStat } from './process-times.js';

/** Burns CPU for about 300 ms of its own time, and then rests. */
const BURN = 'while(process.cpuUsage().user<300e3);';

describe('CPU meter', () => {
  it('reads a stat line whose program has spaces and parentheses in its name', () => {
    const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
    const line = `7 (odd) name) S 3 7 7 0 -1 4194304 1 2 3 4 ${ticks} ${ticks} ${3 * ticks} ${2 * ticks} 20 0 1 0 9 9 9`;
    expect(readStat(7, line)).toEqual({ pid: 7, parent: 3, ownS: 2, reapedS: 5 });
  });

  it('counts a child that has ended and one that still runs', async () => {
    const parts = [{ name: 'me', pids: [process.pid] }];
    const before = readCpu(parts);
    execFileSync(process.execPath, ['-e', BURN]);
    const ended = cpuBetween(before, readCpu(parts))[0]?.childrenS ?? 0;
    expect(ended).toBeGreaterThan(0.25);
    const child = spawn(process.execPath, ['-e', `${BURN}console.log('burnt');setInterval(()=>{},1000)`]);
    await once(child.stdout, 'data');
    const both = cpuBetween(before, readCpu(parts))[0]?.childrenS ?? 0;
    child.kill();
    await once(child, 'exit');
    expect(both).toBeGreaterThan(ended + 0.25);
  });

  it('counts a part that is another part’s child once, as itself', async () => {
    const child = spawn(process.execPath, ['-e', `${BURN}console.log('burnt');setInterval(()=>{},1000)`]);
    const parts = [
      { name: 'me', pids: [process.pid] },
      { name: 'child', pids: [child.pid ?? 0] },
    ];
    const before = readCpu(parts);
    await once(child.stdout, 'data');
    const [me, own] = cpuBetween(before, readCpu(parts));
    child.kill();
    await once(child, 'exit');
    expect(own?.ownS).toBeGreaterThan(0.1);
    expect(me?.childrenS).toBeLessThan(0.05);
  });

  it('says so where a process is gone', () => {
    expect(() => readCpu([{ name: 'nobody', pids: [2 ** 22 + 1] }])).toThrow('a process of "nobody" is gone');
  });
});
