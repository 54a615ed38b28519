import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { connectProducer, JobQueues, type JobName, type Reason } from '@antipode/queues';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';
import { NodesStore } from './nodes.store.js';

/** Asks every node for a job on a repository; unless another is named, for a sync. */
@Injectable()
export class SyncRequests implements OnApplicationShutdown {
  private readonly redis: ReturnType<typeof connectProducer>;
  private readonly queues: JobQueues;

  constructor(
    @Inject(CONFIG) config: RegistryConfig,
    @Inject(LOGGER) logger: Logger,
    private readonly nodes: NodesStore,
  ) {
    this.redis = connectProducer(config.REDIS_URL, (error) =>
      logger.debug({ err: error }, 'connecting to Redis'),
    );
    this.queues = new JobQueues(this.redis, (error) => logger.debug({ err: error }, 'using the queues'));
  }

  /** @throws AntipodeError `service_unavailable` where Redis does not answer; asking again is harmless. */
  async request(repositoryId: RepositoryId, reason: Reason, job: JobName = 'mirror.sync'): Promise<void> {
    const nodes = await this.nodes.list();
    await Promise.all(
      nodes.map(({ name }) => this.queues.request(job, { node: name, repositoryId, reason })),
    );
  }

  /** For `/readyz`. */
  async check(): Promise<void> {
    try {
      await this.redis.ping();
    } catch (error) {
      throw new AntipodeError('service_unavailable', 'asking Redis', {}, { cause: error });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    // First: with Redis away, the queues would wait for it before they close.
    this.redis.disconnect();
    await this.queues.close();
  }
}
