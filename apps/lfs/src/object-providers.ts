import { join } from 'node:path';
import type { Provider } from '@nestjs/common';
import { createBlobStore, type BlobStore } from '@antipode/blob-store';
import { openTicketKey } from '@antipode/lfs-wire';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import type { LfsConfig } from './config.js';
import { DownloadRoute } from './http/download-route.js';
import { LfsDoor } from './http/lfs-door.js';
import { UploadRoute } from './http/upload-route.js';
import { VerifyRoute } from './http/verify-route.js';
import { Arrivals } from './objects/arrivals.js';
import { KNOWLEDGE, OBJECTS, type Knowledge, type Objects } from './objects/objects.js';
import { OpenStore } from './objects/open-store.js';
import { Room } from './objects/room.js';
import { StorageClient } from './objects/storage-client.js';
import { StoredObjects } from './objects/stored-objects.js';
import { ByteMetrics } from './telemetry/byte-metrics.js';
import { BLOBS } from './tokens.js';
import { Uploads } from './uploads/uploads.js';
import { Verifications } from './uploads/verifications.js';

const STORAGE_IDLE_MS = 30_000;
const STORAGE_CONNECTIONS = 128;
/** A client that is given nothing because its object is still on its way is silent as well. */
const CLIENT_IDLE_MS = 300_000;
/** Downloads that somebody waits for; what the background may do is a setting. */
const CALLERS_AT_ONCE = 64;
const LINGER_MS = 10_000;
const FIRST_WAIT_MS = 300;
const STORE_PATIENCE_MS = { look: 2000, keep: 5000 };
const SWEEP_EVERY_MS = 1_800_000;

const KIT = Symbol('KIT');

/** What everything that moves bytes needs. */
class Parts {
  constructor(
    readonly store: BlobStore,
    readonly storage: StorageClient,
    readonly room: Room,
    readonly knowledge: Knowledge,
    readonly kit: { readonly metrics: ByteMetrics; readonly logger: Logger },
  ) {}
}

/** Everything that moves the bytes of objects. */
export function objectProviders(config: LfsConfig): Provider[] {
  return [
    ByteMetrics,
    { provide: BLOBS, useFactory: () => createBlobStore(join(config.ANTIPODE_DATA, 'lfs'), config) },
    {
      provide: StorageClient,
      useFactory: () => new StorageClient({ idleMs: STORAGE_IDLE_MS, connections: STORAGE_CONNECTIONS }),
    },
    { provide: Room, inject: [BLOBS, HealthChecks, LOGGER, ByteMetrics], useFactory: openRoom },
    {
      provide: Parts,
      inject: [BLOBS, StorageClient, Room, KNOWLEDGE, KIT],
      useFactory: (...parts: ConstructorParameters<typeof Parts>) => new Parts(...parts),
    },
    {
      provide: KIT,
      inject: [ByteMetrics, LOGGER],
      useFactory: (metrics: ByteMetrics, logger: Logger) => ({ metrics, logger }),
    },
    { provide: Arrivals, inject: [Parts], useFactory: (parts: Parts) => openArrivals(config, parts) },
    {
      provide: OpenStore,
      inject: [Parts, Arrivals, HealthChecks],
      useFactory: (parts: Parts, arrivals: Arrivals, health: HealthChecks) =>
        new OpenStore({ ...parts, ...parts.kit, arrivals, health, sweepEveryMs: SWEEP_EVERY_MS }),
    },
    {
      provide: OBJECTS,
      inject: [Parts, Arrivals],
      useFactory: (parts: Parts, arrivals: Arrivals) =>
        new StoredObjects({ ...parts, ...parts.kit, arrivals }),
    },
    {
      provide: LfsDoor,
      inject: [Parts, OBJECTS],
      useFactory: (parts: Parts, objects: Objects) => openDoor(config, parts, objects),
    },
  ];
}

function openArrivals(config: LfsConfig, { store, storage, room, knowledge, kit }: Parts): Arrivals {
  return new Arrivals({
    store,
    room,
    ...kit,
    download: { storage, firstWaitMs: FIRST_WAIT_MS, onBytes: (bytes) => kit.metrics.fetchedBytes(bytes) },
    onKept: (object) => knowledge.kept(object),
    concurrency: { background: config.FILL_CONCURRENCY, callers: CALLERS_AT_ONCE },
    lingerMs: LINGER_MS,
  });
}

function openDoor(config: LfsConfig, parts: Parts, objects: Objects): LfsDoor {
  const uploads = new Uploads({ ...parts, ...parts.kit, patienceMs: STORE_PATIENCE_MS });
  return new LfsDoor({
    host: config.HTTP_HOST,
    port: config.HTTP_PORT,
    key: openTicketKey(config.SECRET_KEY),
    routes: {
      download: new DownloadRoute(objects, parts.knowledge),
      upload: new UploadRoute(uploads, config.SECRET_KEY),
      verify: new VerifyRoute(new Verifications(parts.storage), config.SECRET_KEY),
    },
    shutdownMs: config.SHUTDOWN_SECONDS * 1000,
    onClosed: (late) => uploads.close(late),
    idleMs: CLIENT_IDLE_MS,
    logger: parts.kit.logger,
  });
}

function openRoom(store: BlobStore, health: HealthChecks, logger: Logger, metrics: ByteMetrics): Room {
  const room = new Room({
    store,
    onFull: (error) => {
      metrics.full('full');
      logger.error(
        { err: error },
        'no room for LFS objects; they pass through from the primary and are not kept',
      );
    },
    onRoomAgain: () => {
      metrics.full('room');
      logger.info('room for LFS objects again');
    },
  });
  health.observe('room-for-objects', () => room.check());
  return room;
}
