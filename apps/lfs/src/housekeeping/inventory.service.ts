import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Blob, BlobStore } from '@antipode/blob-store';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { News } from '../knowledge/news.js';
import { StoredStore } from '../knowledge/stored.store.js';
import { BLOBS } from '../tokens.js';
import { Rounds } from './rounds.js';

const FIRST_MS = 30_000;
const PAUSE_MS = 24 * 3_600_000;
const TROUBLE_MS = 300_000;
const AT_ONCE = 500;
/** Nobody waits for it. */
const BETWEEN_MS = 100;

/** Compares the table with the store, slowly: a database that was restored from last week knows nothing of this week. */
@Injectable()
export class InventoryService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly rounds: Rounds;

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(BLOBS) private readonly blobs: BlobStore,
    private readonly stored: StoredStore,
    private readonly news: News,
  ) {
    this.rounds = new Rounds({
      doing: 'listing the store',
      logger,
      troubleMs: TROUBLE_MS,
      round: async (signal) => {
        await this.take(signal);
        return PAUSE_MS;
      },
    });
  }

  onApplicationBootstrap(): void {
    this.rounds.start(FIRST_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.rounds.end();
  }

  /** Notes every object of the store that the table does not know. @returns how many there were */
  async take(signal: AbortSignal): Promise<number> {
    let found = 0;
    let batch: Blob[] = [];
    const note = async (): Promise<void> => {
      for (const oid of await this.stored.found(batch)) if (await this.isStillThere(oid)) found += 1;
      batch = [];
      await sleep(BETWEEN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    };
    for await (const blob of this.blobs.list()) {
      if (signal.aborted) return found;
      batch.push(blob);
      if (batch.length >= AT_ONCE) await note();
    }
    if (batch.length > 0) await note();
    if (found > 0) {
      this.logger.warn({ found }, 'the store had objects that the table did not know; now it does');
      this.news.emit('wanted');
      this.news.emit('all');
    }
    return found;
  }

  /** Removed since it was listed, and before that was noted: who removed it found no row to take back. */
  private async isStillThere(oid: string): Promise<boolean> {
    if ((await this.blobs.sizeOf(oid)) !== undefined) return true;
    await this.stored.lose(oid);
    return false;
  }
}
