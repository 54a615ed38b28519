import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { metrics, SpanStatusCode, trace } from '@opentelemetry/api';
import { toAntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionService } from '../connection/connection.service.js';
import { ConnectionStore } from '../connection/connection.store.js';
import { Database } from '../database/database.js';
import { holdLock } from '../database/hold-lock.js';
import { LOCKS } from '../database/names.js';
import { RepositoriesStore } from '../repositories/repositories.store.js';
import { WebhookSubscription } from '../webhooks/webhook-subscription.js';
import { ConfiguredRepositories } from './configured-repositories.js';
import { Sweep, type SweepKind } from './sweep.js';
import { SweepClock } from './sweep-clock.js';

/** A sweep that somebody asked for waits this long for another instance to finish its own. */
const WAIT_FOR_OTHERS_MS = 60_000;
const REMEMBER_REMOVED_MS = 30 * 86_400_000;

const tracer = trace.getTracer('antipode.registry');
const sweeps = metrics
  .getMeter('antipode.registry')
  .createCounter('antipode_sweeps_total', { description: 'Sweeps by kind and outcome' });

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
    @Inject(CONFIG) private readonly config: RegistryConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly connection: ConnectionService,
    private readonly connectionStore: ConnectionStore,
    private readonly database: Database,
    private readonly sweep: Sweep,
    private readonly configured: ConfiguredRepositories,
    private readonly repositories: RepositoriesStore,
    private readonly webhook: WebhookSubscription,
  ) {
    this.clock = new SweepClock(config.SWEEP_SECONDS * 1000, (asked) => this.round(asked));
  }

  onApplicationBootstrap(): void {
    this.clock.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await this.clock.stop();
  }

  /** Asks for a sweep and returns at once. */
  sweepSoon(kind: SweepKind): void {
    this.clock.ask(kind);
  }

  /** One turn of the clock. Must not throw; tells the clock how it went. */
  private async round(asked: SweepKind | undefined): Promise<'done' | 'failed' | 'limited'> {
    try {
      const waitMs = asked ? WAIT_FOR_OTHERS_MS : 0;
      await holdLock(this.database.pool, { key: LOCKS.sweep, waitMs }, (signal) =>
        this.lead(asked, AbortSignal.any([signal, this.closing.signal])),
      );
      return 'done';
    } catch (error) {
      const known = toAntipodeError(error, 'sweeping');
      if (this.closing.signal.aborted) return 'failed';
      this.logger.warn({ err: known }, 'a sweep failed; what is known is served on');
      sweeps.add(1, { kind: asked ?? 'timed', outcome: known.code });
      return known.code === 'primary_limited' ? 'limited' : 'failed';
    }
  }

  private async lead(asked: SweepKind | undefined, signal: AbortSignal): Promise<void> {
    const kind = asked ?? (await this.due());
    if (!kind || !this.connection.isConfigured) return;
    await tracer.startActiveSpan('sweep', async (span) => {
      try {
        await this.sweepNow(kind, signal);
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  }

  private async sweepNow(kind: SweepKind, signal: AbortSignal): Promise<void> {
    const { discovery } = this.connection.primary;
    if (!discovery) {
      await this.configured.take(signal);
      return this.connectionStore.update({ sweptAt: new Date() });
    }
    const done = await this.connection.asking(() => this.sweep.run(discovery, kind, signal));
    const now = new Date();
    await this.connectionStore.update({ sweptAt: now, ...(done === 'recent' ? {} : { fullySweptAt: now }) });
    sweeps.add(1, { kind: done ?? 'nothing', outcome: 'done' });
    // The webhook comes second: first the mirror must know what it mirrors.
    await this.webhook.ensureDue(signal);
    await this.repositories.forgetRemovedBefore(new Date(now.getTime() - REMEMBER_REMOVED_MS));
  }

  /** What the time says, for all instances together. */
  private async due(): Promise<SweepKind | undefined> {
    const { sweptAt, fullySweptAt } = await this.connectionStore.read();
    const age = (moment: Date | null): number => (moment ? (Date.now() - moment.getTime()) / 1000 : Infinity);
    if (age(fullySweptAt) >= this.config.FULL_SWEEP_SECONDS) return 'full';
    // Clocks of several instances tick apart; a sweep that another has just made is ours too.
    return age(sweptAt) >= this.config.SWEEP_SECONDS * 0.5 ? 'recent' : undefined;
  }
}
