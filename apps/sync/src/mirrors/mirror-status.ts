import type { AntipodeError } from '@antipode/errors';
import type { MirrorPhase, RepositoryId, SyncProgress } from '@antipode/domain';
import type { Verification } from './verification.js';

/** How one mirror repository is doing, as the registry and the metrics hear it. */
export interface MirrorStatus {
  readonly id: RepositoryId;
  readonly phase: MirrorPhase;
  /** 0 while nothing is published. */
  readonly epoch: number;
  readonly confirmedAtMs: number;
  readonly progress?: SyncProgress;
  /** Why the last run failed; absent once one has ended well. */
  readonly error?: AntipodeError;
  readonly sizeBytes: number;
  /** Since this node first had the repository. */
  readonly receivedBytesTotal: number;
  /** The last one, or the one that runs; absent where nobody has asked for one. */
  readonly verification?: Verification;
}

export const unknownStatus = (id: RepositoryId): MirrorStatus => ({
  id,
  phase: 'absent',
  epoch: 0,
  confirmedAtMs: 0,
  sizeBytes: 0,
  receivedBytesTotal: 0,
});
