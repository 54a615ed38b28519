import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { toAntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import type { LfsConfig } from '../config.js';
import { LFS_CONFIG } from '../tokens.js';
import { Bell } from './bell.js';
import { Claims } from './claims.js';
import { DueRepositories } from './due-repositories.js';
import { FairPool } from './fair-pool.js';
import { FillBatch } from './fill-batch.js';
import { Rests } from './rests.js';

/** Looked at without a reason so often: other processes write the same table. */
const IDLE_MS = 60_000;
const TROUBLE_MS = 1000;
/** Questions to the primary at the same time. */
const MOST_ASKED = 16;
/** Batches whose objects are not all here yet; they share one pool. What is on a slow line keeps nobody from being asked about. */
const MOST_BATCHES = 256;
/** Beside those that arrive, which have a line of their own: what has arrived goes to the disk and into the tables meanwhile. */
const MOST_SETTLING = 8;

/**
 * Brings what is wanted, in the background: due objects, repository by repository in turn, a hundred at a time.
 *
 * It sleeps until something is due, or somebody rings.
 */
@Injectable()
export class FillService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly bell = new Bell();
  private readonly rests = new Rests();
  private readonly pool: FairPool;
  /** Repositories whose primary is being asked now; what they have claimed does not wait in the pool yet. */
  private readonly asking = new Set<string>();
  private readonly batches = new Set<Promise<void>>();
  private readonly ring = (): void => this.bell.ring();
  private unwatch: (() => void) | undefined;
  private running: Promise<void> | undefined;
  /** Who was served last: the next turn begins after it. */
  private last = '';

  constructor(
    @Inject(LFS_CONFIG) config: LfsConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly due: DueRepositories,
    private readonly batch: FillBatch,
    private readonly claims: Claims,
  ) {
    this.pool = new FairPool(config.FILL_CONCURRENCY + MOST_SETTLING, this.ring);
  }

  onApplicationBootstrap(): void {
    this.unwatch = this.due.watch(this.ring);
    this.running = this.goOn();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    this.unwatch?.();
    await this.running;
    await Promise.all(this.batches);
  }

  private async goOn(): Promise<void> {
    const { signal } = this.closing;
    let isReleased = false;
    while (!signal.aborted) {
      const pauseMs = await this.turn(isReleased).then(
        (ms) => ((isReleased = true), ms),
        (error: unknown) => this.trouble(error),
      );
      await this.bell.wait(pauseMs, signal);
    }
  }

  /** @returns how long there is nothing to do, in milliseconds, unless the bell rings */
  private async turn(isReleased: boolean): Promise<number> {
    if (!isReleased) await this.claims.releaseAll();
    await this.claims.pickUp();
    let pauseMs = IDLE_MS;
    for (const [repositoryId, dueInMs] of await this.due.after(this.last)) {
      const waitMs = Math.max(dueInMs, this.rests.leftOf(repositoryId));
      if (waitMs > 0) {
        pauseMs = Math.min(pauseMs, waitMs);
        continue;
      }
      // The bell rings when either of these changes.
      if (this.asking.size >= MOST_ASKED || this.batches.size >= MOST_BATCHES) break;
      if (this.asking.has(repositoryId) || this.pool.waitingOf(repositoryId) > 0) continue;
      this.start(repositoryId);
    }
    return pauseMs;
  }

  private start(repositoryId: string): void {
    this.last = repositoryId;
    this.asking.add(repositoryId);
    const onQueued = (): void => {
      if (this.asking.delete(repositoryId)) this.bell.ring();
    };
    const { pool, rests } = this;
    const { signal } = this.closing;
    const running: Promise<void> = this.batch
      .run({ repositoryId, pool, rests, signal, onQueued })
      .catch((error: unknown) => void this.rests.rest(repositoryId, this.trouble(error)))
      .finally(() => {
        onQueued();
        this.batches.delete(running);
        this.bell.ring();
      });
    this.batches.add(running);
  }

  private trouble(error: unknown): number {
    if (!this.closing.signal.aborted) {
      const known = toAntipodeError(error, 'bringing what is wanted');
      this.logger.warn({ err: known }, 'nothing can be brought at the moment');
    }
    return TROUBLE_MS;
  }
}
