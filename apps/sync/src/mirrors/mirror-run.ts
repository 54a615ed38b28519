import type { GitProgress } from '@antipode/git-process';
import type { MirrorDisk, MirrorWriter } from '@antipode/mirror-disk';
import type { RepositoryId, SyncProgress } from '@antipode/domain';
import type { LfsChange } from '../lfs/mirror-lfs.js';
import type { RefState } from './ref-state.js';

/** What a run may use, and what it tells while it goes. Made for one repository. */
export interface MirrorRun {
  readonly id: RepositoryId;
  /** The repository's git URL on the primary, without credentials. */
  readonly url: string;
  readonly disk: MirrorDisk;
  readonly writer: MirrorWriter;
  readonly signal: AbortSignal;
  readonly stallMs: number;
  readonly pinSeconds: number;
  /** The number that a first epoch gets. */
  readonly firstEpoch: number;
  /** Asks the primary for its refs. */
  ask(): Promise<RefState>;
  authorization(): Promise<string | undefined>;
  /** Notes the large files of what is about to be published, and waits for them a while. Never fails. */
  bringLfs(
    change: Pick<LfsChange, 'repository' | 'refs' | 'published'>,
    receivedBytes: number,
  ): Promise<void>;
  /** Runs work that starts processes, when there is room for it. */
  whenThereIsRoom<T>(work: () => Promise<T>): Promise<T>;
  /** Called just before each question to the primary: what it changes from now on may escape this run. */
  onAsk(atMs: number): void;
  /** Called once when the run turns out to need more than a question. */
  onWork(): void;
  onProgress(progress: SyncProgress): void;
}

/** What a run achieved. Either way the published epoch equalled the primary at `confirmedAtMs`. */
export interface MirrorOutcome {
  readonly kind: 'unchanged' | 'updated' | 'cloned';
  readonly epoch: number;
  readonly confirmedAtMs: number;
  readonly receivedBytes: number;
  /** What readers saw before, and what they see now; absent where nothing has changed. */
  readonly change?: { readonly from: RefState; readonly to: RefState };
}

/** git's steps as our own. When all deltas are resolved git verifies, silently, that everything is connected. */
export function asSyncProgress(progress: GitProgress, before: SyncProgress | undefined): SyncProgress {
  const receivedBytes = Math.max(progress.receivedBytes ?? 0, before?.receivedBytes ?? 0);
  const { step, percent } = progress;
  return step === 'resolving' && percent === 100
    ? { step: 'verifying', percent: 0, receivedBytes }
    : { step, percent, receivedBytes };
}
