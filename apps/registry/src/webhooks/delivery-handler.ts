import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SpanKind, trace } from '@opentelemetry/api';
import { LOGGER, withTraceparent, type Logger } from '@antipode/service-kit';
import { DiscoveryService } from '../discovery/discovery.service.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { SyncRequests } from '../sync-states/sync-requests.js';
import { DeliveriesStore, type Delivery } from './deliveries.store.js';

const LOOK_EVERY_MS = 5000;
/** Younger ones are being worked off by whoever took them. */
const LEFT_BEHIND_MS = 5000;
const FORGET_EVERY_MS = 3_600_000;

const tracer = trace.getTracer('antipode.registry');

/** Does what a webhook hints at, after it was answered. What fails is tried again until it works, or a day is over. */
@Injectable()
export class DeliveryHandler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly running = new Set<Promise<void>>();
  private lookTimer: NodeJS.Timeout | undefined;
  private forgetTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly deliveries: DeliveriesStore,
    private readonly discovery: DiscoveryService,
    private readonly feed: RepositoryFeed,
    private readonly syncs: SyncRequests,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.lookTimer = setInterval(() => this.track(this.handleLeftBehind()), LOOK_EVERY_MS);
    this.forgetTimer = setInterval(() => this.track(this.deliveries.forgetOld()), FORGET_EVERY_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.lookTimer);
    clearInterval(this.forgetTimer);
    await Promise.allSettled(this.running);
  }

  /** Starts the work and returns at once. */
  handleSoon(delivery: Delivery): void {
    this.track(this.handle(delivery));
  }

  private async handleLeftBehind(): Promise<void> {
    for (const delivery of await this.deliveries.unhandled(LEFT_BEHIND_MS)) await this.handle(delivery);
  }

  private async handle(delivery: Delivery): Promise<void> {
    await withTraceparent(delivery.traceparent ?? undefined, () =>
      tracer.startActiveSpan(`webhook ${delivery.kind}`, { kind: SpanKind.CONSUMER }, async (span) => {
        try {
          await this.follow(delivery);
          await this.deliveries.handled([delivery.key]);
        } finally {
          span.end();
        }
      }),
    );
  }

  /** A hint says where to look; what is true, only the primary's listing and its refs say. */
  private async follow({ kind, repositoryId }: Delivery): Promise<void> {
    switch (kind) {
      case 'pushed':
        // Pushes to all of the workspace come here. One to a repository that we do not mirror costs nothing; a new
        // one that we should mirror is found by its own event, or by the next sweep.
        if (repositoryId !== null && this.feed.get(repositoryId)) {
          await this.syncs.request(repositoryId, 'webhook');
        }
        return;
      case 'created':
      case 'changed':
        this.discovery.sweepSoon('recent', 'hint');
        return;
      case 'deleted':
      case 'project-changed':
        this.discovery.sweepSoon('full', 'hint');
        return;
      case 'other':
        return;
    }
  }

  private track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) =>
        this.logger.warn({ err: error }, 'working off webhooks; will be tried again'),
      )
      .finally(() => this.running.delete(tracked));
    this.running.add(tracked);
  }
}
