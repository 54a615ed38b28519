import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { identify, isAlive } from './process-identity.js';

describe('who a process is', () => {
  it('stays the same while it lives, and is nobody afterwards', async () => {
    const child = spawn('sleep', ['30']);
    await once(child, 'spawn');
    const identity = await identify(child.pid ?? -1);
    expect(identity && (await isAlive(identity))).toBe(true);

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(identity && (await isAlive(identity))).toBe(false);
  });

  it('is not that of another process with the same number', async () => {
    const mine = await identify(process.pid);
    expect(await isAlive({ pid: process.pid, startedAt: `not ${mine?.startedAt ?? ''}` })).toBe(false);
  });
});
