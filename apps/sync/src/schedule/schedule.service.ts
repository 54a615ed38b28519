import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { RepositoryId, SelectedRepository } from '@antipode/domain';
import { killOrphans } from '@antipode/git-process';
import { MirrorDisk, MirrorWriter } from '@antipode/mirror-disk';
import type { Primary } from '@antipode/primary';
import type { Reason } from '@antipode/queues';
import { RepositoryTable } from '@antipode/rpc';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import { SyncQueues } from '../jobs/sync-queues.js';
import { WorkersService } from '../jobs/workers.service.js';
import { MaintenanceService } from '../maintenance/maintenance.service.js';
import { MirrorsService, PRIMARY } from '../mirrors/mirrors.service.js';
import { dueForComparison } from './due-for-comparison.js';

const TICK_MS = 1000;
const COMPARE_SECONDS = 900;
/** Where no listing tells what moved, comparing is the only way to learn it. */
const COMPARE_SECONDS_WITHOUT_LISTING = 60;
/** A repository that failed or is not there yet is asked for again this often, beside its queue's own retries. */
const AGAIN_MS = 30_000;
const TRASH_EVERY_TICKS = 60;

/**
 * Follows the table of repositories: what is selected gets cloned, what is not any more leaves, and everything is
 * compared with the primary now and then, whatever webhooks and sweeps said.
 */
@Injectable()
export class ScheduleService implements OnModuleInit, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private ticks = 0;
  /** When each repository was last asked for by us (ms since 1970). */
  private readonly askedFor = new Map<RepositoryId, number>();
  private readonly compareMs: number;

  constructor(
    @Inject(CONFIG) config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PRIMARY) primary: Primary,
    private readonly table: RepositoryTable,
    private readonly disk: MirrorDisk,
    private readonly writer: MirrorWriter,
    private readonly mirrors: MirrorsService,
    private readonly queues: SyncQueues,
    private readonly workers: WorkersService,
    private readonly maintenance: MaintenanceService,
    private readonly health: HealthChecks,
  ) {
    this.compareMs =
      1000 *
      (config.COMPARE_SECONDS ?? (primary.discovery ? COMPARE_SECONDS : COMPARE_SECONDS_WITHOUT_LISTING));
  }

  /** Before any port opens: nobody may ask about a disk that has not been swept. */
  async onModuleInit(): Promise<void> {
    const killed = await killOrphans(`sync of ${this.disk.root}`);
    if (killed > 0) this.logger.warn({ killed }, 'ended git processes of a predecessor');
    await this.writer.sweepLeftovers();
    this.table.on('upserted', (repository) => void this.arrive(repository));
    this.table.on('removed', ({ id }) => void this.leave(id));
    this.table.on('complete', () => void this.removeUnselected());
    await this.table.open();
    await Promise.all(this.table.all().map((repository) => this.arrive(repository)));
    this.workers.start();
    this.health.add('table', () => {
      if (!this.table.isKnown) throw new Error('the registry has not told yet which repositories to mirror');
    });
    this.timer = setInterval(() => void this.tick(), TICK_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.maintenance.end();
    await this.table.close();
  }

  private async arrive(repository: SelectedRepository): Promise<void> {
    const { phase } = await this.mirrors.adopt(repository);
    if (phase === 'absent') await this.askFor(repository.id, 'selected');
  }

  private async leave(id: RepositoryId): Promise<void> {
    this.askedFor.delete(id);
    await this.mirrors
      .remove(id)
      .catch((error: unknown) => this.logger.error({ err: error, repository_id: id }, 'removing'));
  }

  /** What lies on disk and was deselected while we were down. */
  private async removeUnselected(): Promise<void> {
    for (const id of await this.writer.list()) if (!this.table.get(id)) await this.leave(id);
  }

  private async tick(): Promise<void> {
    this.ticks += 1;
    const all = this.mirrors.all();
    const ready = all.filter(({ phase }) => phase === 'ready' || phase === 'syncing');
    for (const id of dueForComparison(ready, {
      everyMs: this.compareMs,
      nowMs: Date.now(),
      tickMs: TICK_MS,
    })) {
      await this.askFor(id, 'comparison');
    }
    for (const { id, phase } of all)
      if (phase === 'absent' || phase === 'failing') await this.askFor(id, 'retry');
    if (this.ticks % TRASH_EVERY_TICKS === 0) await this.maintenance.emptyTrash();
  }

  private async askFor(id: RepositoryId, reason: Reason): Promise<void> {
    const now = Date.now();
    if (reason !== 'selected' && now - (this.askedFor.get(id) ?? 0) < AGAIN_MS) return;
    this.askedFor.set(id, now);
    // Redis is away: the next tick that finds the repository due asks again.
    await this.queues.request(id, reason).catch(() => this.askedFor.delete(id));
  }
}
