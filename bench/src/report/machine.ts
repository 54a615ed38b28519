import { availableParallelism, loadavg, totalmem } from 'node:os';
import { run } from '../processes/run.js';

export interface Machine {
  readonly cores: number;
  readonly memoryGiB: number;
  readonly git: string;
  readonly node: string;
  readonly apache: string;
  /** One-minute load before the first measurement: above 1 something else was running. */
  readonly loadBefore: number;
}

export async function describeMachine(apache: string): Promise<Machine> {
  const version = async (command: string, args: readonly string[], pattern: RegExp): Promise<string> =>
    pattern.exec(await run(command, args))?.[1] ?? 'unknown';
  return {
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    git: await version('git', ['--version'], /version (\S+)/),
    node: process.versions.node,
    apache: await version(apache, ['-v'], /Apache\/(\S+)/),
    loadBefore: loadavg()[0] ?? 0,
  };
}
