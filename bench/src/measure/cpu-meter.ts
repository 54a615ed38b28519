import { allProcessTimes, type ProcessTimes } from './process-times.js';

/** A name in the report, and the processes that it stands for, without their children. */
export interface MeteredPart {
  readonly name: string;
  readonly pids: readonly number[];
}

/** CPU seconds that a part used: in the named processes themselves, and in everything that they started. */
export interface PartCpu {
  readonly name: string;
  readonly ownS: number;
  readonly childrenS: number;
}

/**
 * Reads what each part has used so far.
 *
 * Exact as long as every process waits for its children, as node, Apache and git do: a child that ended is in its
 * parent's count, one that still runs is counted itself. (fcgiwrap does not wait: see bench/README.md.)
 */
export function readCpu(parts: readonly MeteredPart[]): PartCpu[] {
  const all = allProcessTimes();
  const children = childrenOf(all);
  const named = new Set(parts.flatMap((part) => part.pids));
  return parts.map((part) => {
    const own = part.pids.map((pid) => all.get(pid)).filter((times) => times !== undefined);
    if (own.length < part.pids.length) throw new Error(`a process of "${part.name}" is gone`);
    // A part's child may be a part itself, as the services are children of the launcher: counted once, as itself.
    const below = part.pids.flatMap((pid) => descendants(pid, children, named));
    return {
      name: part.name,
      ownS: own.reduce((sum, times) => sum + times.ownS, 0),
      childrenS:
        own.reduce((sum, times) => sum + times.reapedS, 0) +
        below.reduce((sum, times) => sum + times.ownS + times.reapedS, 0),
    };
  });
}

/** What was used between two readings of the same parts. */
export function cpuBetween(before: readonly PartCpu[], after: readonly PartCpu[]): PartCpu[] {
  return after.map((part, i) => ({
    name: part.name,
    ownS: part.ownS - (before[i]?.ownS ?? 0),
    childrenS: part.childrenS - (before[i]?.childrenS ?? 0),
  }));
}

export const totalSeconds = (parts: readonly PartCpu[]): number =>
  parts.reduce((sum, part) => sum + part.ownS + part.childrenS, 0);

function childrenOf(all: ReadonlyMap<number, ProcessTimes>): Map<number, ProcessTimes[]> {
  const children = new Map<number, ProcessTimes[]>();
  for (const times of all.values()) {
    const siblings = children.get(times.parent);
    if (siblings) siblings.push(times);
    else children.set(times.parent, [times]);
  }
  return children;
}

function descendants(
  pid: number,
  children: ReadonlyMap<number, ProcessTimes[]>,
  except: ReadonlySet<number>,
): ProcessTimes[] {
  const direct = (children.get(pid) ?? []).filter((times) => !except.has(times.pid));
  return direct.flatMap((times) => [times, ...descendants(times.pid, children, except)]);
}
