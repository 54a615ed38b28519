import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { POOLS } from '@antipode/queues';
import { SyncQueues } from '../jobs/sync-queues.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';
import { SyncMetrics, type Observation } from './sync-metrics.js';

/** What is looked up when Prometheus scrapes: how much waits, how many mirrors are how, how far the last one lags. */
@Injectable()
export class SyncGauges implements OnApplicationBootstrap {
  constructor(
    private readonly metrics: SyncMetrics,
    private readonly mirrors: MirrorsService,
    private readonly queues: SyncQueues,
  ) {}

  onApplicationBootstrap(): void {
    this.metrics.observe('antipode_sync_queue_depth', 'Jobs that wait, by pool', () => this.depths());
    this.metrics.observe('antipode_sync_mirrors', 'Mirror repositories by phase', () => this.phases());
    this.metrics.observe(
      'antipode_sync_lfs_unnoted',
      'Mirror repositories with commits whose large files the LFS service was not told of',
      () => this.lfsLag(),
    );
    this.metrics.observe(
      'antipode_sync_lag_seconds',
      'Age of the oldest confirmation among published mirrors',
      () => [{ value: this.lagSeconds(Date.now()) }],
    );
  }

  /** After a start every mirror counts until it was looked at. */
  private lfsLag(): Observation[] {
    return [{ value: this.mirrors.laggingLfs().length }];
  }

  private async depths(): Promise<Observation[]> {
    const depths = await Promise.allSettled(POOLS.map((pool) => this.queues.waiting(pool)));
    // Without Redis there is nothing to say; a zero would be a lie.
    return depths.flatMap((depth, i) =>
      depth.status === 'fulfilled' ? [{ value: depth.value, labels: { pool: POOLS[i] ?? '' } }] : [],
    );
  }

  private phases(): Observation[] {
    const counts = new Map<string, number>();
    for (const { phase } of this.mirrors.all()) counts.set(phase, (counts.get(phase) ?? 0) + 1);
    return [...counts].map(([phase, value]) => ({ value, labels: { phase } }));
  }

  private lagSeconds(nowMs: number): number {
    const ages = this.mirrors
      .all()
      .filter(({ epoch }) => epoch > 0)
      .map(({ confirmedAtMs }) => (nowMs - confirmedAtMs) / 1000);
    return ages.reduce((worst, age) => Math.max(worst, age), 0);
  }
}
