/**
 * The life of one mirror repository on one node.
 *
 *  absent ─▶ cloning ─▶ ready ◀─▶ syncing          failing keeps serving what is confirmed, then passes through
 *              │                     │
 *              └─────▶ failing ◀─────┘             removed ─▶ (deleted later)
 */
export type MirrorPhase = 'absent' | 'cloning' | 'ready' | 'syncing' | 'failing' | 'removed';

/** The steps of a fetch, in the order in which git takes them; then our own. */
export type SyncStep =
  | 'counting'
  | 'compressing'
  | 'receiving'
  | 'resolving'
  | 'verifying'
  /** Waiting for the large files of new commits; its bytes are theirs as well. */
  | 'lfs'
  | 'publishing';

export interface SyncProgress {
  readonly step: SyncStep;
  /** 0..100 within the step. */
  readonly percent: number;
  /** Bytes received from the primary by this run. */
  readonly receivedBytes: number;
}
