import type { MirrorPhase, RepositoryId } from '@antipode/domain';

/** How a repository is doing on one node. */
export interface SyncStateRow {
  readonly repositoryId: RepositoryId;
  readonly node: string;
  readonly phase: MirrorPhase;
  readonly epoch: number;
  readonly confirmedAt: Date | null;
  readonly progress: {
    readonly step: string;
    readonly percent: number;
    readonly receivedBytes: number;
  } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly sizeBytes: number;
  readonly receivedBytesTotal: number;
  readonly reportedAt: Date;
}

/** What needs attention first: a repository on several nodes is shown by the first of these that any node reports. */
export const BY_CONCERN: readonly MirrorPhase[] = [
  'failing',
  'cloning',
  'absent',
  'syncing',
  'ready',
  'removed',
];

/** The one state that stands for a repository's nodes; undefined where none has reported. */
export function worst<Row extends { readonly phase: MirrorPhase }>(rows: readonly Row[]): Row | undefined {
  return [...rows].sort((a, b) => BY_CONCERN.indexOf(a.phase) - BY_CONCERN.indexOf(b.phase))[0];
}
