import { readdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

/** CPU seconds of a process: its own, and those of children that it has waited for. Spec: proc_pid_stat(5). */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly ownS: number;
  readonly reapedS: number;
}

/** Clock ticks per second in which /proc counts. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Every process of the machine at this moment; one that ends while we read is left out. */
export function allProcessTimes(): Map<number, ProcessTimes> {
  const all = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const times = processTimes(Number(name));
    if (times) all.set(times.pid, times);
  }
  return all;
}

function processTimes(pid: number): ProcessTimes | undefined {
  try {
    return readStat(pid, readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The command's name may hold spaces and parentheses, so fields are counted from the last one that closes. */
export function readStat(pid: number, text: string): ProcessTimes {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // Numbers as in proc_pid_stat(5); `fields` begins with number 3.
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    ownS: (field(14) + field(15)) / TICKS,
    reapedS: (field(16) + field(17)) / TICKS,
  };
}

/** A process and all below it whose program has this name (proc_pid_comm(5)). */
export function descendantsNamed(pid: number, name: string): number[] {
  const all = [...allProcessTimes().values()];
  const below = (parent: number): number[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one.pid, ...below(one.pid)]);
  return [pid, ...below(pid)].filter((one) => programName(one) === name);
}

function programName(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
