import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { StateNews } from '../events/state-news.js';
import { requireNodeName } from '../sync-states/node-name.js';
import type { LfsStateRow } from './lfs-state.js';
import { LfsStatesStore } from './lfs-states.store.js';

/** Nodes report in batches already; these are gathered once more. */
const WRITE_MS = 100;
const RETRY_MS = 1000;

/** Takes the nodes' reports on large files: keeps the newest of each repository and node, and writes them in batches. */
@Injectable()
export class LfsReports implements BeforeApplicationShutdown {
  private unwritten = new Map<string, LfsStateRow>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: LfsStatesStore,
    private readonly news: StateNews,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws AntipodeError `invalid` where the node's name could not be one. */
  take(node: string, rows: readonly LfsStateRow[]): void {
    requireNodeName(node);
    for (const row of rows) {
      const key = `${node}/${row.repositoryId}`;
      const before = this.unwritten.get(key);
      if (!before || before.reportedAt <= row.reportedAt) this.unwritten.set(key, row);
    }
    if (this.unwritten.size > 0) this.schedule(WRITE_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
    clearTimeout(this.timer);
  }

  private schedule(inMs: number): void {
    this.timer ??= setTimeout(() => void this.flush(), inMs);
  }

  private async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    await this.writing;
  }

  private async write(): Promise<void> {
    const rows = this.unwritten;
    if (rows.size === 0) return;
    this.unwritten = new Map();
    try {
      await this.store.write([...rows.values()]);
      await this.news.tell([...rows.values()].map(({ repositoryId }) => repositoryId));
    } catch (error) {
      this.logger.warn({ err: error }, 'writing reports on large files; will be tried again');
      // What came meanwhile is newer.
      this.unwritten = new Map([...rows, ...this.unwritten]);
      this.schedule(RETRY_MS);
    }
  }
}
