import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import type { RepositoryId } from '@antipode/domain';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { ChangeListener } from '../database/change-listener.js';
import { STATES } from '../database/names.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { Follower, type Follow } from './follower.js';
import { Followers } from './followers.js';
import { readNote } from './state-news.js';

/** No repository is told of more often than this. */
const TICK_MS = 500;
const BEAT_MS = 15_000;
const CHECK_EVERY_MS = 2000;
/** So many repositories are read for one tick; the others wait for the next. */
const MOST_PER_TICK = 500;

/**
 * Passes on what changes to everybody who follows it.
 *
 * What is told is read from the database once for all who follow, when it was said to have changed; so all instances tell
 * the same.
 */
@Injectable()
export class EventHub implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly changed = new Set<RepositoryId>();
  private readonly closing = new AbortController();
  private missed = false;
  private timers: readonly NodeJS.Timeout[] = [];
  private ticking: Promise<void> | undefined;
  private checking: Promise<void> | undefined;

  constructor(
    private readonly feed: RepositoryFeed,
    private readonly followers: Followers,
    private readonly listener: ChangeListener,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    void this.followFeed();
    await this.listener.listen(STATES, (payload) => {
      if (this.followers.size === 0) return;
      if (payload === undefined) this.missed = true;
      else for (const id of readNote(payload)) this.changed.add(id);
    });
    // Apart: whoever is slow to tell what changed keeps nobody's stream silent, and nobody's rights alive.
    this.timers = [
      setInterval(() => void this.tick(), TICK_MS),
      setInterval(() => this.followers.beat(), BEAT_MS),
      setInterval(() => void this.check(), CHECK_EVERY_MS),
    ];
    metrics
      .getMeter('antipode.registry')
      .createObservableGauge('antipode_event_streams', { description: 'Streams of events that are open' })
      .addCallback((result) => result.observe(this.followers.size));
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.closing.abort();
    await Promise.all([this.ticking, this.checking]);
    this.followers.endAll();
  }

  /** Answers with everything, and then with what changes. @throws AntipodeError `busy` where too many follow already */
  async follow(follow: Follow): Promise<void> {
    this.followers.requireRoom(follow);
    const { response } = follow;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 3000\n\n');
    await this.followers.add(new Follower(follow));
  }

  private async tick(): Promise<void> {
    if (this.followers.size === 0) this.changed.clear();
    if (this.followers.size === 0 || this.ticking) return;
    this.ticking = this.turn()
      .catch((error: unknown) => this.logger.debug({ err: error }, 'telling those who follow'))
      .finally(() => (this.ticking = undefined));
    await this.ticking;
  }

  private async turn(): Promise<void> {
    if (this.missed) {
      this.missed = false;
      this.followers.tellAnew();
    }
    await this.followers.tell(this.take());
    await this.followers.tellWhole();
  }

  private async check(): Promise<void> {
    this.checking ??= this.followers
      .checkDue()
      .catch((error: unknown) => this.logger.debug({ err: error }, 'checking who follows'))
      .finally(() => (this.checking = undefined));
    await this.checking;
  }

  private take(): RepositoryId[] {
    const ids = [...this.changed].slice(0, MOST_PER_TICK);
    for (const id of ids) this.changed.delete(id);
    return ids;
  }

  /** What comes and goes, the feed of repositories knows. */
  private async followFeed(): Promise<void> {
    let isComplete = false;
    for await (const event of this.feed.watch(this.closing.signal)) {
      if (event.kind === 'complete') isComplete = true;
      if (!isComplete || this.followers.size === 0) continue;
      if (event.kind === 'upserted') this.changed.add(event.row.id);
      if (event.kind === 'removed') this.changed.add(event.id);
    }
  }
}
