import type { MirrorWriter } from '@antipode/mirror-disk';
import pLimit from 'p-limit';
import type { SyncConfig } from '../config.js';
import type { LfsClientService } from '../lfs/lfs-client.service.js';
import type { PrimaryService } from '../primary/primary.service.js';
import type { RunObserver } from '../reports/run-observer.js';
import type { MirrorSurroundings } from './mirror.js';

/** Injection token of what every mirror needs of the rest of the service. */
export const SURROUNDINGS = Symbol('SURROUNDINGS');

export function describeSurroundings(
  config: SyncConfig,
  parts: {
    readonly writer: MirrorWriter;
    readonly primary: PrimaryService;
    readonly observer: RunObserver;
    readonly files: LfsClientService;
  },
): MirrorSurroundings {
  const room = {
    clone: pLimit(config.CLONE_CONCURRENCY),
    sync: pLimit(config.SYNC_CONCURRENCY),
    lfs: pLimit(config.SYNC_CONCURRENCY),
  };
  return {
    writer: parts.writer,
    primary: parts.primary,
    observer: parts.observer,
    lfs: {
      files: parts.files,
      beforePublishMs: config.LFS_BEFORE_PUBLISH_SECONDS * 1000,
      ended: (told) => parts.observer.broughtLfs(told),
    },
    pinSeconds: config.PIN_SECONDS,
    stallMs: { clone: config.CLONE_STALL_SECONDS * 1000, sync: config.STALL_SECONDS * 1000 },
    whenThereIsRoom: (pool, work) => room[pool](work),
  };
}
