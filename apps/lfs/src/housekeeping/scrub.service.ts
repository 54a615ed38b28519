import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { LOGGER, type Logger } from '@antipode/service-kit';
import type { LfsConfig } from '../config.js';
import { StoredStore } from '../knowledge/stored.store.js';
import { OBJECTS, type Objects } from '../objects/objects.js';
import { LFS_CONFIG } from '../tokens.js';
import { checked } from './housekeeping-metrics.js';
import { Rounds } from './rounds.js';

const MEBI = 1024 * 1024;
const FIRST_MS = 60_000;
/** An object is not hashed again within this time, however few there are. */
const LEAST_HOURS = 24;
const IDLE_MS = 600_000;
const TROUBLE_MS = 60_000;
/** So that a million small objects do not keep the disk busy either. */
const BETWEEN_MS = 50;

/** Hashes what is stored again, slowly, what was not looked at for longest first: disks forget. */
@Injectable()
export class ScrubService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly rounds: Rounds;
  private readonly bytesPerSecond: number;

  constructor(
    @Inject(LFS_CONFIG) config: LfsConfig,
    @Inject(LOGGER) logger: Logger,
    @Inject(OBJECTS) private readonly objects: Objects,
    private readonly stored: StoredStore,
  ) {
    this.bytesPerSecond = config.SCRUB_MIB_PER_SECOND * MEBI;
    this.rounds = new Rounds({
      doing: 'checking objects',
      logger,
      troubleMs: TROUBLE_MS,
      round: async (signal) => ((await this.checkOne(LEAST_HOURS, signal)) ? BETWEEN_MS : IDLE_MS),
    });
  }

  onApplicationBootstrap(): void {
    if (this.bytesPerSecond > 0) this.rounds.start(FIRST_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.rounds.end();
  }

  /** One object; one that is wrong is gone then, and wanted again. @returns false where none is due */
  async checkOne(olderThanHours: number, signal: AbortSignal): Promise<boolean> {
    const object = await this.stored.claimOldest(olderThanHours);
    if (!object) return false;
    checked((await this.objects.check(object, this.bytesPerSecond, signal)) ? 'right' : 'wrong');
    return true;
  }
}
