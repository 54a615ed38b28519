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
import { Departures } from './departures.js';
import { collected } from './housekeeping-metrics.js';
import { Rounds } from './rounds.js';

const FIRST_MS = 5000;
const PAUSE_MS = 60_000;
const AT_ONCE = 500;

/** Removes objects that belong to nobody any more, when the grace time of the last repository is over. */
@Injectable()
export class CollectionService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly rounds: Rounds;
  private readonly graceHours: number;

  constructor(
    @Inject(LFS_CONFIG) config: LfsConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(OBJECTS) private readonly objects: Objects,
    private readonly departures: Departures,
    private readonly stored: StoredStore,
  ) {
    this.graceHours = config.GRACE_HOURS;
    this.rounds = new Rounds({
      doing: 'collecting objects',
      logger,
      troubleMs: PAUSE_MS,
      round: async (signal) => {
        await this.collect(signal);
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

  /** One round. @returns how many objects were removed */
  async collect(signal: AbortSignal): Promise<number> {
    await this.departures.look(this.graceHours);
    let removed = 0;
    for (;;) {
      const oids = await this.stored.unowned(this.graceHours, AT_ONCE);
      let gone = 0;
      for (const oid of oids) {
        if (signal.aborted) return removed;
        if (await this.stored.removeUnowned(oid, () => this.objects.remove(oid))) gone += 1;
      }
      removed += gone;
      collected(gone);
      // Those that somebody has begun to want meanwhile are not counted, and would be named for ever.
      if (gone < AT_ONCE) break;
    }
    if (removed > 0) this.logger.info({ removed }, 'objects that belonged to nobody were removed');
    return removed;
  }
}
