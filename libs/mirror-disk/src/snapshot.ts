import type { Oid } from '@antipode/domain';

export interface SnapshotRef {
  /** Full name, such as "refs/heads/main". Valid UTF-8: sync leaves out a name that is not. */
  readonly name: string;
  readonly oid: Oid;
  /** What an annotated tag points at in the end; absent for anything else. */
  readonly peeled?: Oid;
}

/** All refs of a mirror repository at one moment. It never changes once published. */
export interface Snapshot {
  /** Counts up from 1 with every published change. */
  readonly epoch: number;
  readonly objectFormat: 'sha1' | 'sha256';
  /** The branch that HEAD points at, also while that branch is unborn; undefined for a detached HEAD. */
  readonly headTarget: string | undefined;
  /** What HEAD resolves to; undefined while unborn. */
  readonly headOid: Oid | undefined;
  /** Sorted by name in byte order; without HEAD and without hidden refs. */
  readonly refs: readonly SnapshotRef[];
}
