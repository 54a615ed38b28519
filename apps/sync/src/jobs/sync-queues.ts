import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { RepositoryId } from '@antipode/domain';
import { connectProducer, JobQueues, type JobName, type Pool, type Reason } from '@antipode/queues';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';

const NAMES: Readonly<Record<Pool, JobName>> = {
  clone: 'mirror.clone',
  sync: 'mirror.sync',
  maintenance: 'mirror.maintain',
};

/** Beside the queue's own retries, which begin after a second. */
const NUDGE_AGAIN_MS = 30_000;
/** What fails for good (a revoked credential) is not tried again by the queue; nor may thousands of such hammer the primary. */
const RETRY_AGAIN_MS = 300_000;

/** The asking side of this node's own queues. */
@Injectable()
export class SyncQueues implements OnApplicationShutdown {
  private readonly redis: Redis;
  private readonly queues: JobQueues;
  /** When each repository was last nudged (ms since 1970). */
  private readonly nudged = new Map<RepositoryId, number>();

  constructor(
    @Inject(CONFIG) private readonly config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly mirrors: MirrorsService,
  ) {
    this.redis = connectProducer(config.REDIS_URL, (error) => this.logger.debug({ err: error }, 'redis'));
    this.queues = new JobQueues(this.redis, (error) => this.logger.warn({ err: error }, 'queue'));
  }

  /**
   * Asks for a first clone or an increment, whichever the repository needs. One runs and at most one waits.
   *
   * @throws AntipodeError `service_unavailable` where Redis does not answer.
   */
  async request(repositoryId: RepositoryId, reason: Reason): Promise<void> {
    const name = this.mirrors.status(repositoryId).epoch === 0 ? 'mirror.clone' : 'mirror.sync';
    await this.queues.request(name, { node: this.config.ANTIPODE_NODE, repositoryId, reason });
  }

  /** As `request`, for things that nobody waits for: not too often for one repository, and never a failure. */
  async nudge(id: RepositoryId, reason: Reason): Promise<void> {
    const now = Date.now();
    const waitMs = reason === 'retry' ? RETRY_AGAIN_MS : NUDGE_AGAIN_MS;
    if (now - (this.nudged.get(id) ?? 0) < waitMs) return;
    this.nudged.set(id, now);
    // Redis is away: whoever finds the repository due again asks again.
    await this.request(id, reason).catch(() => this.nudged.delete(id));
  }

  forget(id: RepositoryId): void {
    this.nudged.delete(id);
  }

  async requestMaintenance(repositoryId: RepositoryId): Promise<void> {
    await this.queues.request('mirror.maintain', {
      node: this.config.ANTIPODE_NODE,
      repositoryId,
      reason: 'maintenance',
    });
  }

  /** @throws AntipodeError `service_unavailable` where Redis does not answer. */
  async requestReclone(repositoryId: RepositoryId, reason: Reason): Promise<void> {
    await this.queues.request('mirror.reclone', { node: this.config.ANTIPODE_NODE, repositoryId, reason });
  }

  /** @throws where Redis does not answer. */
  async ping(): Promise<void> {
    await this.redis.ping();
  }

  /** How many jobs wait in a pool. */
  waiting(pool: Pool): Promise<number> {
    return this.queues.queue(NAMES[pool], this.config.ANTIPODE_NODE).getWaitingCount();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queues.close();
    this.redis.disconnect();
  }
}
