import { Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import type { RepositoryJob } from '@antipode/queues';
import { MaintenanceService } from '../maintenance/maintenance.service.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';
import { VerificationService } from '../verification/verification.service.js';
import { SyncQueues } from './sync-queues.js';

/** What each job of this node's queues does. */
@Injectable()
export class JobHandlers {
  constructor(
    private readonly mirrors: MirrorsService,
    private readonly queues: SyncQueues,
    private readonly maintenance: MaintenanceService,
    private readonly verification: VerificationService,
  ) {}

  async clone({ repositoryId }: RepositoryJob): Promise<void> {
    if (!this.mirrors.isSelected(repositoryId)) return;
    const run = this.mirrors
      .bringUpToDate(repositoryId, Date.now())
      .then(() => this.queues.requestMaintenance(repositoryId).catch(() => undefined));
    await this.untilItOnlyWaits(repositoryId, run);
  }

  async sync({ repositoryId, reason }: RepositoryJob): Promise<void> {
    if (!this.mirrors.isSelected(repositoryId)) return;
    const { epoch } = await this.mirrors.learn(repositoryId);
    // A first clone may take an hour; it has its own pool.
    if (epoch === 0) return this.queues.request(repositoryId, reason);
    if (reason === 'reader' || reason === 'admin') this.mirrors.distrust(repositoryId);
    const run = this.mirrors.bringUpToDate(repositoryId, Date.now()).then(async ({ kind }) => {
      if (kind !== 'unchanged') await this.maintenance.consider(repositoryId);
    });
    await this.untilItOnlyWaits(repositoryId, run);
  }

  verify(job: RepositoryJob): Promise<void> {
    return this.verification.verify(job);
  }

  async reclone(job: RepositoryJob): Promise<void> {
    await this.verification.reclone(job);
    await this.queues.requestMaintenance(job.repositoryId).catch(() => undefined);
  }

  maintain({ repositoryId }: RepositoryJob): Promise<void> {
    return this.maintenance.maintain(repositoryId);
  }

  emptyTrash(): Promise<void> {
    return this.maintenance.emptyTrash();
  }

  /** Lets the job end, and its place go to another, when its run only waits for large files: the run goes on alone. */
  private async untilItOnlyWaits(repositoryId: RepositoryId, run: Promise<unknown>): Promise<void> {
    // Whoever watches runs is told of its end; it is heard here only while the job lasts.
    run.catch(() => undefined);
    await this.mirrors.untilItOnlyWaits(repositoryId, run);
  }
}
