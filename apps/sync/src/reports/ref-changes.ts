import { compareBytes, type SnapshotRef } from '@antipode/mirror-disk';

export interface RefChange {
  readonly ref: string;
  /** Absent where the ref is new. */
  readonly from?: string;
  /** Absent where the ref is gone. */
  readonly to?: string;
}

export interface RefChanges {
  /** In the order of the names; empty where there are more than `MOST_CHANGES`. */
  readonly changes: readonly RefChange[];
  readonly count: number;
}

/** More than these nobody reads one by one. */
export const MOST_CHANGES = 1000;

/** Both sides in byte order of the names, as snapshots are. HEAD is not among them: it is no ref of its own. */
export function refChanges(before: readonly SnapshotRef[], after: readonly SnapshotRef[]): RefChanges {
  const changes: RefChange[] = [];
  let count = 0;
  for (const change of walk(before, after)) {
    count += 1;
    if (count <= MOST_CHANGES) changes.push(change);
  }
  return { changes: count > MOST_CHANGES ? [] : changes, count };
}

function* walk(before: readonly SnapshotRef[], after: readonly SnapshotRef[]): Generator<RefChange> {
  let i = 0;
  let j = 0;
  for (;;) {
    const [was, is] = [before[i], after[j]];
    if (!was && !is) return;
    const order = !was ? 1 : !is ? -1 : compareBytes(was.name, is.name);
    if (was && order < 0) yield { ref: was.name, from: was.oid };
    else if (is && order > 0) yield { ref: is.name, to: is.oid };
    else if (was && is && was.oid !== is.oid) yield { ref: is.name, from: was.oid, to: is.oid };
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
  }
}
