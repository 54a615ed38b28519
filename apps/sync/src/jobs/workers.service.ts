import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { connectWorker, startWorker, type Handlers, type JobName, type Pool } from '@antipode/queues';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';
import { JobHandlers } from './job-handlers.js';

/** A worker that was killed is noticed within the two together. Our jobs wait on processes and never block the event loop. */
const RECOVERY = { lockDuration: 10_000, stalledInterval: 2000, maxStalledCount: 1000 } as const;
/** Asking is cheap; what starts processes is bounded again by its own pool. */
const QUESTIONS_AT_ONCE = 32;
const LET_GO_MS = 1000;

/** Works off this node's three queues. No pool waits for another. */
@Injectable()
export class WorkersService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private redis: Redis | undefined;
  private workers: Worker[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly mirrors: MirrorsService,
    private readonly jobs: JobHandlers,
  ) {}

  /** By now the disk is swept and the table known (SyncStart). */
  onApplicationBootstrap(): void {
    const redis = connectWorker(this.config.REDIS_URL, (error) => this.logger.debug({ err: error }, 'redis'));
    this.redis = redis;
    this.workers = [
      this.work<'mirror.clone' | 'mirror.reclone'>(redis, 'clone', this.config.CLONE_CONCURRENCY, {
        'mirror.clone': (job) => this.jobs.clone(job),
        'mirror.reclone': (job) => this.jobs.reclone(job),
      }),
      this.work<'mirror.sync'>(redis, 'sync', QUESTIONS_AT_ONCE, {
        'mirror.sync': (job) => this.jobs.sync(job),
      }),
      this.work<'mirror.verify' | 'mirror.maintain' | 'mirror.remove'>(
        redis,
        'maintenance',
        this.config.MAINTENANCE_CONCURRENCY,
        {
          'mirror.verify': (job) => this.jobs.verify(job),
          'mirror.maintain': (job) => this.jobs.maintain(job),
          'mirror.remove': () => this.jobs.emptyTrash(),
        },
      ),
    ];
  }

  async beforeApplicationShutdown(): Promise<void> {
    // What waits for large files is published: after an hour's clone, a restart must not begin anew.
    const closing = Promise.allSettled([
      ...this.workers.map((worker) => worker.close()),
      this.mirrors.publishNow(),
    ]);
    const patience = Math.max(0, this.config.SHUTDOWN_SECONDS * 1000 - LET_GO_MS);
    const timer = setTimeout(() => void this.mirrors.end(), patience);
    await closing;
    clearTimeout(timer);
    await this.mirrors.end();
    this.redis?.disconnect();
  }

  private work<Names extends JobName>(
    redis: Redis,
    pool: Pool,
    concurrency: number,
    handlers: Handlers<Names>,
  ): Worker {
    return startWorker<Names>({
      pool,
      node: this.config.ANTIPODE_NODE,
      redis,
      concurrency,
      handlers,
      onError: (error) => this.logger.warn({ err: error, pool }, 'queue'),
      options: RECOVERY,
    });
  }
}
