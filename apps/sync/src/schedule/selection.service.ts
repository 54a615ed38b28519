import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { RepositoryId, SelectedRepository } from '@antipode/domain';
import { MirrorWriter } from '@antipode/mirror-disk';
import { RepositoryTable } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { SyncQueues } from '../jobs/sync-queues.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';

/** Follows the table of repositories: what is selected gets cloned, what is not any more leaves. */
@Injectable()
export class SelectionService implements BeforeApplicationShutdown {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly table: RepositoryTable,
    private readonly writer: MirrorWriter,
    private readonly mirrors: MirrorsService,
    private readonly queues: SyncQueues,
  ) {}

  get isKnown(): boolean {
    return this.table.isKnown;
  }

  /** Resolves when everything that was selected in the last run is in our care; the registry's news come later. */
  async follow(): Promise<void> {
    this.table.on('upserted', (repository) => void this.arrive(repository));
    this.table.on('removed', ({ id }) => void this.leave(id));
    this.table.on('complete', () => void this.removeUnselected());
    await this.table.open();
    await Promise.all(this.table.all().map((repository) => this.arrive(repository)));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.table.close();
  }

  private async arrive(repository: SelectedRepository): Promise<void> {
    try {
      const { phase } = await this.mirrors.adopt(repository);
      if (phase === 'absent') await this.queues.nudge(repository.id, 'selected');
    } catch (error) {
      this.logger.error({ err: error, repository_id: repository.id }, 'taking in a repository');
    }
  }

  private async leave(id: RepositoryId): Promise<void> {
    this.queues.forget(id);
    try {
      await this.mirrors.remove(id);
    } catch (error) {
      this.logger.error({ err: error, repository_id: id }, 'removing a repository');
    }
  }

  /** What lies on disk and was deselected while we were down. */
  private async removeUnselected(): Promise<void> {
    for (const id of await this.writer.list()) if (!this.table.get(id)) await this.leave(id);
  }
}
