import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { isLiving } from '../connection/connection-phase.js';
import { ConnectionStore } from '../connection/connection.store.js';
import { ChangeListener } from '../database/change-listener.js';
import { CHANGES } from '../database/names.js';
import { RepositoriesStore } from './repositories.store.js';
import type { FeedRow } from './repository.js';

/** The safety net under NOTIFY: a lost notification costs a watcher no more than this. */
const LOOK_EVERY_MS = 5000;

/** Whether the mirror is connected, and to which workspace it is, or was; empty where there is none. */
export interface ConnectionNews {
  readonly connected: boolean;
  readonly workspace: string;
}

export type FeedEvent =
  | { readonly kind: 'connection'; readonly news: ConnectionNews }
  | { readonly kind: 'upserted'; readonly row: FeedRow }
  | { readonly kind: 'removed'; readonly id: RepositoryId }
  | { readonly kind: 'complete' };

/**
 * Every selected repository, in memory, and whether the mirror is connected, for those who watch. Several instances
 * agree through the database.
 *
 * With the database away, watchers keep what is known, and new ones get it.
 */
@Injectable()
export class RepositoryFeed implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly known = new Map<RepositoryId, FeedRow>();
  private readonly watchers = new Set<Watcher>();
  private readonly closing = new AbortController();
  private version = 0n;
  private connection: ConnectionNews = { connected: false, workspace: '' };
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: RepositoriesStore,
    private readonly connections: ConnectionStore,
    private readonly listener: ChangeListener,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Before any port opens: a watcher that met an empty table would drop everything it has. */
  async onModuleInit(): Promise<void> {
    await this.look();
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.listener.listen(CHANGES, () => void this.refresh());
    this.timer = setInterval(() => void this.refresh(), LOOK_EVERY_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.closing.abort();
    await this.listener.close();
    await this.looking;
  }

  get size(): number {
    return this.known.size;
  }

  get(id: RepositoryId): FeedRow | undefined {
    return this.known.get(id);
  }

  /** Everything that is known, the connection last, then `complete`, then changes, until `signal` aborts or the service ends. */
  async *watch(signal: AbortSignal): AsyncGenerator<FeedEvent> {
    const watcher = new Watcher(AbortSignal.any([signal, this.closing.signal]));
    this.watchers.add(watcher);
    try {
      for (const row of [...this.known.values()]) yield { kind: 'upserted', row };
      let told = this.connection;
      yield { kind: 'connection', news: told };
      yield { kind: 'complete' };
      while (await watcher.changed()) {
        if (told !== this.connection) yield { kind: 'connection', news: (told = this.connection) };
        for (const id of watcher.take()) {
          const row = this.known.get(id);
          yield row ? { kind: 'upserted', row } : { kind: 'removed', id };
        }
      }
    } finally {
      this.watchers.delete(watcher);
    }
  }

  /** Reads what has changed. Calls that come while one reads share the next. */
  async refresh(): Promise<void> {
    this.lookAgain = true;
    this.looking ??= this.lookUntilQuiet().finally(() => (this.looking = undefined));
    await this.looking;
  }

  private async lookUntilQuiet(): Promise<void> {
    while (this.lookAgain && !this.closing.signal.aborted) {
      this.lookAgain = false;
      try {
        await this.look();
      } catch (error) {
        // The next look, in a few seconds, will see it.
        this.logger.debug({ err: error }, 'reading the changed repositories');
      }
    }
  }

  private async look(): Promise<void> {
    await this.lookAtConnection();
    for (const row of await this.store.changedSince(this.version)) {
      this.version = row.version;
      if (row.removed) this.known.delete(row.id);
      else this.known.set(row.id, row);
      this.tell(row.id);
    }
    await this.dropForgotten();
  }

  /** Before the repositories: whoever misses one of them is to be told why. */
  private async lookAtConnection(): Promise<void> {
    const { phase, workspace } = await this.connections.read();
    const news = { connected: isLiving(phase), workspace: workspace ?? '' };
    if (news.connected === this.connection.connected && news.workspace === this.connection.workspace) return;
    this.connection = news;
    for (const watcher of this.watchers) watcher.wakeUp();
  }

  /** A row that was deleted, and not only marked, has no version to be seen by. */
  private async dropForgotten(): Promise<void> {
    if ((await this.store.activeCount()) >= this.known.size) return;
    const active = await this.store.activeIds();
    for (const id of [...this.known.keys()].filter((one) => !active.has(one))) {
      this.known.delete(id);
      this.tell(id);
    }
  }

  private tell(id: RepositoryId): void {
    for (const watcher of this.watchers) watcher.note(id);
  }
}

/** What one watcher has not been told yet: ids only, so that a slow watcher costs no more memory than the table. */
class Watcher {
  private untold = new Set<RepositoryId>();
  private isWoken = false;
  private wake: (() => void) | undefined;

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener('abort', () => this.wake?.(), { once: true });
  }

  note(id: RepositoryId): void {
    this.untold.add(id);
    this.wake?.();
  }

  /** Something else than a repository has changed. */
  wakeUp(): void {
    this.isWoken = true;
    this.wake?.();
  }

  /** Waits for something to tell; false when the watch is over. */
  async changed(): Promise<boolean> {
    if (this.untold.size === 0 && !this.isWoken && !this.signal.aborted)
      await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = undefined;
    this.isWoken = false;
    return !this.signal.aborted;
  }

  take(): Set<RepositoryId> {
    const untold = this.untold;
    this.untold = new Set();
    return untold;
  }
}
