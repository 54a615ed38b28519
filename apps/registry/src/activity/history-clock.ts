import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { ConnectionService } from '../connection/connection.service.js';
import { HistoryPruning } from './history-pruning.js';
import { LagStore } from './lag.store.js';

const MINUTE_MS = 60_000;
const PRUNE_EVERY_MS = 10 * MINUTE_MS;

/** Writes down the lag once a minute, and forgets what is too old. */
@Injectable()
export class HistoryClock implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;
  private prunedAt = Date.now();

  constructor(
    private readonly connection: ConnectionService,
    private readonly lag: LagStore,
    private readonly pruning: HistoryPruning,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** What every minute brings. */
  async turn(now = Date.now()): Promise<void> {
    if (await this.connection.isLiving()) await this.lag.sample(new Date(now - (now % MINUTE_MS)));
    if (now - this.prunedAt < PRUNE_EVERY_MS) return;
    this.prunedAt = now;
    await this.pruning.prune(now);
  }

  /** In the first seconds of the next minute; not all instances at once. */
  private schedule(): void {
    if (this.stopped) return;
    const inMs = MINUTE_MS - (Date.now() % MINUTE_MS) + Math.random() * 5000;
    this.timer = setTimeout(() => (this.running = this.run()), inMs);
  }

  private async run(): Promise<void> {
    try {
      await this.turn();
    } catch (error) {
      this.logger.debug({ err: error }, 'writing down the lag, or forgetting what is old');
    }
    this.schedule();
  }
}
