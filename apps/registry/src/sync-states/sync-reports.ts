import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { StateNews } from '../events/state-news.js';
import { requireNodeName } from './node-name.js';
import { NodesStore } from './nodes.store.js';
import type { SyncStateRow } from './sync-state.js';
import { SyncStatesStore } from './sync-states.store.js';

/** A percent more is worth a write now and then; a new phase is worth one at once. */
const PROGRESS_WRITE_MS = 1000;
const PHASE_WRITE_MS = 20;

/** Takes the nodes' reports: keeps the newest of each repository and node, and writes them in batches. */
@Injectable()
export class SyncReports implements BeforeApplicationShutdown {
  private unwritten = new Map<string, SyncStateRow>();
  private readonly phases = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Infinity;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: SyncStatesStore,
    private readonly nodes: NodesStore,
    private readonly news: StateNews,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws AntipodeError `invalid` where the node's name could not be one. */
  take(node: string, rows: readonly SyncStateRow[]): void {
    this.seen(node);
    for (const row of rows) this.takeOne(row);
  }

  /** Notes that a node is there; in the background, because nobody must wait for the database here. */
  seen(node: string): void {
    requireNodeName(node);
    this.nodes.seen(node).catch((error: unknown) => this.logger.debug({ err: error }, 'noting a node'));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
  }

  /** Writes what has been taken. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.dueAt = Infinity;
    this.writing = this.writing.then(() => this.write());
    await this.writing;
  }

  private takeOne(row: SyncStateRow): void {
    const key = `${row.node}/${row.repositoryId}`;
    const before = this.unwritten.get(key);
    if (before && before.reportedAt > row.reportedAt) return;
    this.unwritten.set(key, row);
    this.schedule(this.phases.get(key) === row.phase ? PROGRESS_WRITE_MS : PHASE_WRITE_MS);
    this.phases.set(key, row.phase);
    if (row.phase === 'removed') this.phases.delete(key);
  }

  private schedule(inMs: number): void {
    const at = Date.now() + inMs;
    if (at >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = at;
    this.timer = setTimeout(() => void this.flush(), inMs);
  }

  private async write(): Promise<void> {
    const rows = this.unwritten;
    if (rows.size === 0) return;
    this.unwritten = new Map();
    try {
      await this.store.write([...rows.values()]);
      await this.news.tell([...rows.values()].map(({ repositoryId }) => repositoryId));
    } catch (error) {
      this.logger.warn({ err: error }, 'writing sync reports; will be tried again');
      // What came meanwhile is newer.
      this.unwritten = new Map([...rows, ...this.unwritten]);
      this.schedule(PROGRESS_WRITE_MS);
    }
  }
}
