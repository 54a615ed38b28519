import { Inject, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { AntipodeError } from '@antipode/errors';
import type { RepositoryId, SelectedRepository } from '@antipode/domain';
import { MirrorWriter } from '@antipode/mirror-disk';
import { RepositoryTable } from '@antipode/rpc';
import { CONFIG, type SyncConfig } from '../config.js';
import { PrimaryService } from '../primary/primary.service.js';
import { RunObserver } from '../reports/run-observer.js';
import { Mirror, type MirrorSurroundings } from './mirror.js';
import type { MirrorOutcome } from './mirror-run.js';
import { unknownStatus, type MirrorStatus } from './mirror-status.js';

/** Every mirror repository of this node, and what can be done with one. */
@Injectable()
export class MirrorsService {
  private readonly mirrors = new Map<RepositoryId, Mirror>();
  /** What is being removed: nobody may build in a place that is still being cleared. */
  private readonly leaving = new Map<RepositoryId, Promise<void>>();
  private readonly around: MirrorSurroundings;

  constructor(
    @Inject(CONFIG) config: SyncConfig,
    private readonly table: RepositoryTable,
    private readonly writer: MirrorWriter,
    primary: PrimaryService,
    private readonly observer: RunObserver,
  ) {
    const room = { clone: pLimit(config.CLONE_CONCURRENCY), sync: pLimit(config.SYNC_CONCURRENCY) };
    this.around = {
      writer,
      primary,
      observer,
      pinSeconds: config.PIN_SECONDS,
      stallMs: { clone: config.CLONE_STALL_SECONDS * 1000, sync: config.STALL_SECONDS * 1000 },
      whenThereIsRoom: (pool, work) => room[pool](work),
    };
  }

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
    await this.learn(id);
    const mirror = this.mirrors.get(id);
    if (!mirror) throw new AntipodeError('not_found', 'syncing a repository that was just removed', { id });
    return mirror.bringUpToDate(notBeforeMs);
  }

  /** Works in a published mirror beside its runs; does nothing where there is none. The signal ends with the mirror. */
  async maintain(id: RepositoryId, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const mirror = this.mirrors.get(id);
    if (mirror && mirror.status.epoch > 0) await mirror.maintain(work);
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

  private async leave(id: RepositoryId, mirror: Mirror | undefined): Promise<void> {
    await this.writer.remove(id);
    await mirror?.end();
    // A clone that was past its last look at the signal has put the repository back.
    await this.writer.remove(id);
    this.observer.changed({ ...(mirror?.status ?? unknownStatus(id)), phase: 'removed' }, 'soon');
  }
}
