import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { MirrorDisk, MirrorWriter } from '@antipode/mirror-disk';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import { SyncQueues } from '../jobs/sync-queues.js';
import { maintainMirror, needsMaintenance } from './maintain-mirror.js';

/** Keeps mirror repositories quick to read, in small steps, when it is worth it. */
@Injectable()
export class MaintenanceService {
  private readonly ending = new AbortController();

  constructor(
    @Inject(CONFIG) private readonly config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly disk: MirrorDisk,
    private readonly writer: MirrorWriter,
    private readonly queues: SyncQueues,
  ) {}

  /** Queues maintenance where it would help. */
  async consider(id: RepositoryId): Promise<void> {
    if (await needsMaintenance(this.disk.repositoryPath(id)))
      await this.queues.requestMaintenance(id).catch(() => undefined);
  }

  async maintain(id: RepositoryId): Promise<void> {
    if (!(await this.disk.statMirror(id))) return;
    const started = performance.now();
    await maintainMirror(this.disk.repositoryPath(id), this.ending.signal);
    this.logger.info({ repository_id: id, took_ms: Math.round(performance.now() - started) }, 'maintained');
  }

  async emptyTrash(): Promise<void> {
    const deleted = await this.writer.emptyTrash(Date.now() - this.config.TRASH_SECONDS * 1000);
    if (deleted > 0) this.logger.info({ deleted }, 'trash emptied');
  }

  /** Ends what runs; git tidies up behind itself. */
  end(): void {
    this.ending.abort();
  }
}
