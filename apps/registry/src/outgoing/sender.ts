import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import { openSecret } from '@antipode/postgres';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';
import { nextAttempt } from './backoff.js';
import { OutgoingStore, type Attempt, type ClaimedDelivery } from './outgoing.store.js';
import { isDelivered, openAgent, postEvent } from './post-event.js';

const LOOK_EVERY_MS = 5000;
const AT_ONCE = 8;
/** One who is slow must not keep the others waiting. */
const AT_ONCE_TO_ONE = 2;
/** How long attempts that are under way may go on when the service ends. */
const LAST_WAIT_MS = 2000;

const meter = metrics.getMeter('antipode.registry');
const attempts = meter.createCounter('antipode_outgoing_attempts_total', {
  description: 'Attempts to deliver an outgoing webhook by outcome',
});

/** Sends what is written down, until it is delivered or a day is over. Several instances share the work. */
@Injectable()
export class Sender implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly agent: ReturnType<typeof openAgent>;
  private readonly running = new Map<Promise<void>, string>();
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private closing = false;

  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly store: OutgoingStore,
  ) {
    this.agent = openAgent(config.OUTGOING_OWN_NETWORKS);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.sendSoon(), LOOK_EVERY_MS);
    const gauge = meter.createObservableGauge('antipode_outgoing_waiting', {
      description: 'Outgoing webhooks that are not delivered yet',
    });
    gauge.addCallback(async (result) => {
      const waiting = await this.store.waiting().catch(() => undefined);
      if (waiting !== undefined) result.observe(waiting);
    });
    this.sendSoon();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing = true;
    clearInterval(this.timer);
    const timer = setTimeout(() => this.stopping.abort(), LAST_WAIT_MS);
    await this.looking;
    await Promise.allSettled(this.running.keys());
    clearTimeout(timer);
    await this.agent.close();
  }

  /** Looks for what is due, and returns at once. */
  sendSoon(): void {
    this.lookAgain = true;
    this.looking ??= this.look().finally(() => (this.looking = undefined));
  }

  private async look(): Promise<void> {
    while (this.lookAgain && !this.closing) {
      this.lookAgain = false;
      try {
        while (this.running.size < AT_ONCE && !this.closing) {
          const delivery = await this.store.claim(this.busy());
          if (!delivery) break;
          this.start(delivery);
        }
      } catch (error) {
        this.logger.debug({ err: error }, 'looking for outgoing webhooks');
      }
    }
  }

  private start(delivery: ClaimedDelivery): void {
    const work: Promise<void> = this.deliver(delivery)
      .catch((error: unknown) => this.logger.warn({ err: error }, 'noting how a webhook was delivered'))
      .finally(() => {
        this.running.delete(work);
        // The next one of its topic, or of those that had no room.
        if (!this.closing) this.sendSoon();
      });
    this.running.set(work, delivery.subscriptionId);
  }

  private async deliver(delivery: ClaimedDelivery): Promise<void> {
    const attempt = await this.attempt(delivery);
    if (isDelivered(attempt.status)) {
      attempts.add(1, { outcome: 'delivered' });
      return this.store.delivered(delivery, attempt);
    }
    if (this.stopping.signal.aborted) return this.store.release(delivery);
    const nextAt = nextAttempt(delivery);
    attempts.add(1, { outcome: nextAt ? 'failed' : 'given_up' });
    await this.store.failed(delivery, attempt, nextAt);
  }

  private async attempt(delivery: ClaimedDelivery): Promise<Attempt> {
    let secret: string;
    try {
      secret = openSecret(delivery.secret, this.config.SECRET_KEY);
    } catch {
      return {
        status: null,
        error: 'Its secret cannot be opened: SECRET_KEY is another one than when it was given.',
      };
    }
    return postEvent(this.agent, { ...delivery, secret }, this.stopping.signal);
  }

  /** Those to whom enough is being sent already. */
  private busy(): string[] {
    const counts = Map.groupBy(this.running.values(), (id) => id);
    return [...counts].filter(([, ids]) => ids.length >= AT_ONCE_TO_ONE).map(([id]) => id);
  }
}
