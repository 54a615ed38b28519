import type { FairPool } from './fair-pool.js';
import type { Rests } from './rests.js';

/** One turn of one repository. */
export interface FillTurn {
  readonly repositoryId: string;
  readonly pool: FairPool;
  readonly rests: Rests;
  readonly signal: AbortSignal;
  /** Called once everything that was claimed waits in the pool, or has failed. */
  readonly onQueued: () => void;
}
