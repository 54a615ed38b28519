import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CONFIG, type SyncConfig } from '../config.js';
import { SyncQueues } from '../jobs/sync-queues.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';
import { PrimaryService } from '../primary/primary.service.js';
import { dueForComparison } from './due-for-comparison.js';

const TICK_MS = 1000;
const COMPARE_SECONDS = 900;
/** Where no listing tells what moved, comparing is the only way to learn it. */
const COMPARE_SECONDS_WITHOUT_LISTING = 60;

/**
 * Compares every repository with the primary now and then, whatever webhooks and sweeps said; and asks again for
 * what is not there yet or failed, in case that its job got lost.
 */
@Injectable()
export class ComparisonService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private readonly everyMs: number;

  constructor(
    @Inject(CONFIG) config: SyncConfig,
    primary: PrimaryService,
    private readonly mirrors: MirrorsService,
    private readonly queues: SyncQueues,
  ) {
    const usual = primary.listsChanges ? COMPARE_SECONDS : COMPARE_SECONDS_WITHOUT_LISTING;
    this.everyMs = 1000 * (config.COMPARE_SECONDS ?? usual);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.tick(), TICK_MS);
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async tick(): Promise<void> {
    const all = this.mirrors.all();
    const ready = all.filter(({ phase }) => phase === 'ready' || phase === 'syncing');
    const due = dueForComparison(ready, { everyMs: this.everyMs, nowMs: Date.now(), tickMs: TICK_MS });
    for (const id of due) await this.queues.nudge(id, 'comparison');
    for (const { id, phase } of all) {
      if (phase === 'absent') await this.queues.nudge(id, 'comparison');
      if (phase === 'failing') await this.queues.nudge(id, 'retry');
    }
  }
}
