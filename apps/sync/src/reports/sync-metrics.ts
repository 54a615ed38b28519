import { Injectable } from '@nestjs/common';
import { metrics, type Counter, type Histogram } from '@opentelemetry/api';
import type { AntipodeError } from '@antipode/errors';
import type { MirrorOutcome } from '../mirrors/mirror-run.js';

/** What Prometheus sees of sync. Labels come from closed sets: outcomes and error codes. */
@Injectable()
export class SyncMetrics {
  private readonly runs: Counter;
  private readonly seconds: Histogram;
  private readonly received: Counter;
  private readonly pointers: Counter;

  constructor() {
    const meter = metrics.getMeter('antipode.sync');
    this.runs = meter.createCounter('antipode_sync_runs', {
      description: 'Syncs by outcome (unchanged, updated, cloned, or an error code)',
    });
    this.seconds = meter.createHistogram('antipode_sync_duration_seconds', {
      description: 'How long a sync took',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800] },
    });
    this.received = meter.createCounter('antipode_sync_received_bytes', {
      description: 'Bytes received from the primary by fetches',
    });
    this.pointers = meter.createCounter('antipode_sync_lfs_pointers', {
      description: 'LFS pointers found in new commits, and told to the LFS service',
    });
  }

  ended({ tookMs, result }: { tookMs: number; result: MirrorOutcome | AntipodeError }): void {
    const outcome = result instanceof Error ? result.code : result.kind;
    this.runs.add(1, { outcome });
    this.seconds.record(tookMs / 1000, { outcome });
    if (!(result instanceof Error)) this.received.add(result.receivedBytes);
  }

  broughtLfs(pointers: number): void {
    this.pointers.add(pointers);
  }

  /** Values that are looked up when somebody scrapes. */
  observe(
    name: string,
    description: string,
    read: () => Promise<readonly Observation[]> | readonly Observation[],
  ): void {
    const gauge = metrics.getMeter('antipode.sync').createObservableGauge(name, { description });
    gauge.addCallback(async (result) => {
      for (const { value, labels } of await read()) result.observe(value, labels);
    });
  }
}

export interface Observation {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}
