import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { MirrorWriter } from '@antipode/mirror-disk';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import { SyncQueues } from '../jobs/sync-queues.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';
import { dueMaintenance, maintainMirror } from './maintain-mirror.js';

const LOOK_EVERY_MS = 60_000;
/** One look at each mirror per hour, spread over the looks. */
const LOOKS_PER_ROUND = 60;

/** Keeps mirror repositories quick to read, in small steps, when it is worth it; and empties the trash. */
@Injectable()
export class MaintenanceService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly ending = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private looks = 0;

  constructor(
    @Inject(CONFIG) private readonly config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly writer: MirrorWriter,
    private readonly mirrors: MirrorsService,
    private readonly queues: SyncQueues,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  /** Ends what runs, at once: git tidies up behind itself, and the next start begins anew. */
  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
    this.ending.abort();
  }

  /** Queues maintenance where it would help. */
  async consider(id: RepositoryId): Promise<void> {
    const kind = await dueMaintenance(this.writer.disk.repositoryPath(id), Date.now());
    if (kind !== 'none') await this.queues.requestMaintenance(id).catch(() => undefined);
  }

  async maintain(id: RepositoryId): Promise<void> {
    const repository = this.writer.disk.repositoryPath(id);
    await this.mirrors.maintain(id, async (leaving) => {
      const due = await dueMaintenance(repository, Date.now());
      const started = performance.now();
      // Whoever asked saw a reason, such as a first clone without a bitmap.
      const kind = due === 'none' ? 'geometric' : due;
      await maintainMirror(repository, { kind, signal: AbortSignal.any([leaving, this.ending.signal]) });
      const tookMs = Math.round(performance.now() - started);
      this.logger.info({ repository_id: id, kind, took_ms: tookMs }, 'maintained');
    });
  }

  async emptyTrash(): Promise<void> {
    const deleted = await this.writer.emptyTrash(Date.now() - this.config.TRASH_SECONDS * 1000);
    if (deleted > 0) this.logger.info({ deleted }, 'trash emptied');
  }

  private async look(): Promise<void> {
    this.looks += 1;
    try {
      await this.emptyTrash();
      const mine = this.mirrors.all().filter((_, i) => i % LOOKS_PER_ROUND === this.looks % LOOKS_PER_ROUND);
      for (const { id, epoch } of mine) if (epoch > 0) await this.consider(id);
    } catch (error) {
      this.logger.error({ err: error }, 'looking after mirrors');
    }
  }
}
