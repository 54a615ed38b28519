import { pino } from 'pino';
import { DirectoryStore } from '@antipode/blob-store';
import type { LfsObject } from '@antipode/lfs-wire';
import type { Logger } from '@antipode/service-kit';
import { openScratch } from '@antipode/testing';
import { Arrivals } from '../src/objects/arrivals.js';
import type { Knowledge } from '../src/objects/objects.js';
import { Room } from '../src/objects/room.js';
import { StorageClient } from '../src/objects/storage-client.js';
import { StoredObjects } from '../src/objects/stored-objects.js';
import { ByteMetrics } from '../src/telemetry/byte-metrics.js';
import { Uploads } from '../src/uploads/uploads.js';

/** Everything that moves bytes, on a disk of its own, with a memory instead of a database. */
export interface OpenBytes extends AsyncDisposable {
  readonly objects: StoredObjects;
  readonly arrivals: Arrivals;
  readonly uploads: Uploads;
  readonly store: DirectoryStore;
  readonly storage: StorageClient;
  readonly logger: Logger;
  /** "kept <oid>", "lost <oid>", "proved <repository> <oid>". */
  readonly known: string[];
  /** "full", "room". */
  readonly room: string[];
  readonly checkRoom: () => Promise<void>;
  /** From now on there is so much room, and no more. */
  limit(bytes: number): void;
}

export interface BytesOptions {
  /** Where the store lives; a folder of its own unless it is told. */
  readonly root?: string;
  readonly idleMs?: number;
  readonly lingerMs?: number;
  /** To the primary's storage, at our own pace. */
  readonly connections?: number;
  readonly patienceMs?: { readonly look: number; readonly keep: number };
  readonly concurrency?: { readonly background: number; readonly callers: number };
}

export async function openBytes(options: BytesOptions = {}): Promise<OpenBytes> {
  const scratch = await openScratch();
  const known: string[] = [];
  const states: string[] = [];
  const store = new LimitedStore(options.root ?? scratch.path);
  await store.open();
  const storage = new StorageClient({
    idleMs: options.idleMs ?? 5000,
    connections: options.connections ?? 128,
  });
  const room = new Room({
    store,
    onFull: () => states.push('full'),
    onRoomAgain: () => states.push('room'),
  });
  const knowledge = remember(known);
  const metrics = new ByteMetrics();
  const logger: Logger = pino({ level: 'silent' });
  const arrivals = new Arrivals({
    store,
    room,
    metrics,
    logger,
    download: { storage, firstWaitMs: 1, onBytes: () => undefined },
    onKept: (object) => knowledge.kept(object),
    concurrency: options.concurrency ?? { background: 2, callers: 8 },
    lingerMs: options.lingerMs ?? 20,
  });
  return {
    objects: new StoredObjects({ store, arrivals, knowledge, metrics, logger }),
    arrivals,
    uploads: new Uploads({
      storage,
      store,
      room,
      knowledge,
      metrics,
      logger,
      patienceMs: options.patienceMs ?? { look: 5000, keep: 5000 },
    }),
    store,
    storage,
    logger,
    known,
    room: states,
    checkRoom: () => room.check(),
    limit: (bytes) => store.limit(bytes),
    [Symbol.asyncDispose]: async () => {
      arrivals.close();
      await storage.close();
      await store.close();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** A store whose quota can be moved while it is open. */
class LimitedStore extends DirectoryStore {
  private most = Infinity;

  constructor(root: string) {
    super({ root, keepFreeBytes: 0 });
  }

  limit(bytes: number): void {
    this.most = bytes;
  }

  override async requireRoom(bytes: number, largest = bytes): Promise<void> {
    // As much as no disk has: the store itself says how it is to be full.
    await super.requireRoom(bytes > this.most ? Number.MAX_SAFE_INTEGER : bytes, largest);
  }
}

const remember = (known: string[]): Pick<Knowledge, 'kept' | 'lost' | 'proved'> => ({
  kept: ({ oid }: LfsObject) => Promise.resolve(void known.push(`kept ${oid}`)),
  lost: (oid) => Promise.resolve(void known.push(`lost ${oid}`)),
  proved: (repositoryId, { oid }) => Promise.resolve(void known.push(`proved ${repositoryId} ${oid}`)),
});
