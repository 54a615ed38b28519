import type { RepositoryId } from '@antipode/domain';

export const OUTCOMES = ['cloned', 'updated', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A ref that moved; null where it was not there before, or is not there after. */
export interface RefMove {
  readonly ref: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** A sync on one node that changed a repository, or failed. */
export interface SyncRun {
  /** A UUID, the node's: a run that is told of twice is known by it. */
  readonly id: string;
  readonly repositoryId: RepositoryId;
  readonly node: string;
  readonly outcome: Outcome;
  readonly beganAt: Date;
  readonly endedAt: Date;
  readonly epoch: number;
  readonly receivedBytes: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly changeCount: number;
  /** All of them, or none where they were too many to be told. */
  readonly changes: readonly RefMove[];
}
