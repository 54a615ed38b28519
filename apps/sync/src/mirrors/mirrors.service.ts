import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import type { RepositoryId, SelectedRepository, SyncProgress } from '@antipode/domain';
import { MirrorWriter } from '@antipode/mirror-disk';
import { RepositoryTable } from '@antipode/rpc';
import type { CatchUp } from '../lfs/mirror-lfs.js';
import { RunObserver } from '../reports/run-observer.js';
import { Mirror, type MirrorSurroundings } from './mirror.js';
import type { MirrorOutcome } from './mirror-run.js';
import { unknownStatus, type MirrorStatus } from './mirror-status.js';
import { SURROUNDINGS } from './surroundings.js';
import type { Verification } from './verification.js';

/** Every mirror repository of this node, and what can be done with one. */
@Injectable()
export class MirrorsService {
  private readonly mirrors = new Map<RepositoryId, Mirror>();
  /** What is being removed: nobody may build in a place that is still being cleared. */
  private readonly leaving = new Map<RepositoryId, Promise<void>>();

  constructor(
    @Inject(SURROUNDINGS) private readonly around: MirrorSurroundings,
    private readonly table: RepositoryTable,
    private readonly writer: MirrorWriter,
    private readonly observer: RunObserver,
  ) {}

  all(): MirrorStatus[] {
    return [...this.mirrors.values()].map(({ status }) => status);
  }

  status(id: RepositoryId): MirrorStatus {
    return this.mirrors.get(id)?.status ?? unknownStatus(id);
  }

  /** @throws AntipodeError `service_unavailable` while nobody has told us yet what is selected. */
  isSelected(id: RepositoryId): boolean {
    if (this.table.get(id)) return true;
    if (this.table.isKnown) return false;
    throw new AntipodeError('service_unavailable', 'waiting for the table of repositories');
  }

  /** Takes a selected repository into this node's care; what is on disk is learnt, nothing is fetched. */
  async adopt({ id }: SelectedRepository): Promise<MirrorStatus> {
    await this.leaving.get(id);
    const known = this.mirrors.get(id);
    if (known) return known.status;
    const mirror = new Mirror(id, this.around);
    this.mirrors.set(id, mirror);
    await mirror.load();
    return mirror.status;
  }

  /** How a selected repository is doing, also where we had not heard of it. @throws AntipodeError `not_found`. */
  async learn(id: RepositoryId): Promise<MirrorStatus> {
    const selected = this.table.get(id);
    if (!selected) throw new AntipodeError('not_found', 'looking for a selected repository', { id });
    return this.adopt(selected);
  }

  /**
   * Brings a mirror to a state that the primary had at `notBeforeMs` or later: the first clone, or an increment.
   *
   * @throws AntipodeError `not_found` where the repository is not selected; else why the run failed.
   */
  async bringUpToDate(id: RepositoryId, notBeforeMs: number): Promise<MirrorOutcome> {
    return (await this.known(id)).bringUpToDate(notBeforeMs);
  }

  /**
   * Resolves when `run`, a run of this repository, has ended, or when all that is left of it is to wait for large files
   * and to publish: nobody's place in a pool is worth that wait.
   *
   * @throws what the run threw, while it was waited for.
   */
  async untilItOnlyWaits(id: RepositoryId, run: Promise<unknown>): Promise<void> {
    const mirror = this.mirrors.get(id);
    const over = new AbortController();
    try {
      await Promise.race([run, mirror?.lfs.waiting(over.signal) ?? run]);
    } finally {
      over.abort();
    }
  }

  /** The service ends: what runs publishes without waiting for large files. Resolves when nothing runs. */
  async publishNow(): Promise<void> {
    const all = [...this.mirrors.values()];
    for (const { lfs } of all) lfs.stopWaiting();
    await Promise.all(all.map((mirror) => mirror.idle()));
  }

  /** Published mirrors that may have commits whose large files were not noted. */
  laggingLfs(): RepositoryId[] {
    return [...this.mirrors.values()]
      .filter(({ status, lfs }) => status.epoch > 0 && lfs.mayLag)
      .map(({ id }) => id);
  }

  /** Notes the large files of what is published, where that was not done. @throws AntipodeError: try again. */
  async catchUpLfs(id: RepositoryId, work: CatchUp): Promise<void> {
    await this.mirrors.get(id)?.catchUpLfs(work);
  }

  /** Works in a published mirror beside its runs; does nothing where there is none. The signal ends with the mirror. */
  async maintain(id: RepositoryId, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const mirror = this.mirrors.get(id);
    if (mirror && mirror.status.epoch > 0) await mirror.maintain(work);
  }

  /** Writes refs anew that are not as published, and brings the mirror up to date. Returns how many; see `Mirror`. */
  async restoreRefs(id: RepositoryId): Promise<number> {
    return (await this.known(id)).restoreRefs();
  }

  /** Clones anew beside what is served. @throws AntipodeError why that failed; what is published stays. */
  async reclone(id: RepositoryId, onProgress: (progress: SyncProgress) => void): Promise<MirrorOutcome> {
    return (await this.known(id)).reclone(onProgress);
  }

  /** Remembers how a verification stands. */
  async note(id: RepositoryId, verification: Verification): Promise<void> {
    await this.mirrors.get(id)?.note(verification);
  }

  /** As `note`, for what is worth telling and not worth keeping. */
  notePassing(id: RepositoryId, verification: Verification): void {
    this.mirrors.get(id)?.notePassing(verification);
  }

  /** Somebody has reason to doubt what is on disk: the next run looks first. */
  distrust(id: RepositoryId): void {
    this.mirrors.get(id)?.distrust();
  }

  /** Stops serving a repository at once; its folder is deleted later. */
  remove(id: RepositoryId): Promise<void> {
    const mirror = this.mirrors.get(id);
    this.mirrors.delete(id);
    const gone = this.leave(id, mirror).finally(() => this.leaving.delete(id));
    this.leaving.set(id, gone);
    return gone;
  }

  /** Ends every run. The mirrors stay as they are. */
  async end(): Promise<void> {
    await Promise.all([...this.mirrors.values()].map((mirror) => mirror.end()));
  }

  private async known(id: RepositoryId): Promise<Mirror> {
    await this.learn(id);
    const mirror = this.mirrors.get(id);
    if (!mirror) throw new AntipodeError('not_found', 'syncing a repository that was just removed', { id });
    return mirror;
  }

  private async leave(id: RepositoryId, mirror: Mirror | undefined): Promise<void> {
    await this.writer.remove(id);
    await mirror?.end();
    // A clone that was past its last look at the signal has put the repository back.
    await this.writer.remove(id);
    this.observer.changed({ ...(mirror?.status ?? unknownStatus(id)), phase: 'removed' }, 'soon');
  }
}
