import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import { holdLock } from '@antipode/postgres';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionLife } from '../connection/connection-life.js';
import { Database } from '../database/database.js';
import { LOCKS } from '../database/names.js';
import type { SweepKind } from './sweep.js';
import { SweepClock, type Outcome, type Urgency } from './sweep-clock.js';
import { SweepRound } from './sweep-round.js';

/** A sweep that somebody asked for waits this long for another instance to finish its own. */
const WAIT_FOR_OTHERS_MS = 60_000;

/**
 * Keeps the table of repositories equal to the primary's listing: now and then, and when somebody asks.
 *
 * One instance sweeps at a time. What fails is tried again later, and visible in `/connection` and `/status`.
 */
@Injectable()
export class DiscoveryService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly clock: SweepClock;
  private readonly closing = new AbortController();

  constructor(
    @Inject(CONFIG) config: RegistryConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly database: Database,
    private readonly life: ConnectionLife,
    private readonly round: SweepRound,
  ) {
    this.clock = new SweepClock(config.SWEEP_SECONDS * 1000, (asked) => this.turn(asked));
  }

  onApplicationBootstrap(): void {
    this.clock.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await this.clock.stop();
  }

  /** Asks for a sweep and returns at once. */
  sweepSoon(kind: SweepKind, urgency: Urgency = 'now'): void {
    this.clock.ask(kind, urgency);
  }

  /** Must not throw: tells the clock how it went. */
  private async turn(asked: SweepKind | undefined): Promise<Outcome> {
    try {
      await this.takeTurn(asked);
      return 'done';
    } catch (error) {
      const known = toAntipodeError(error, 'sweeping');
      if (!this.closing.signal.aborted)
        this.logger.warn({ err: known }, 'a sweep failed; what is known is served on');
      return known.code === 'primary_limited' ? 'limited' : 'failed';
    }
  }

  private async takeTurn(asked: SweepKind | undefined): Promise<void> {
    const lock = { key: LOCKS.sweep, waitMs: asked ? WAIT_FOR_OTHERS_MS : 0, signal: this.closing.signal };
    const held = await holdLock(this.database.pool, lock, async (signal) => {
      await this.life.settle(signal);
      await this.round.run(asked, signal);
      return true;
    });
    // The other's sweep may have begun before what we were asked for.
    if (!held && asked) throw new AntipodeError('busy', 'waiting for another instance to sweep');
  }
}
