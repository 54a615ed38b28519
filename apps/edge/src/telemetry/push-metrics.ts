import { metrics } from '@opentelemetry/api';

export type PushDoor = 'http' | 'ssh' | 'ssh_agent';

/**
 * relayed: the primary has reported; so was the client, where it had stayed.
 * refused: by the primary or by us; it is certain that nothing was pushed.
 * unknown: the primary's report did not come whole, and the client was told no success.
 */
export type PushOutcome = 'relayed' | 'refused' | 'unknown';

export interface FinishedPush {
  readonly door: PushDoor;
  readonly outcome: PushOutcome;
  readonly bytes: number;
}

/** What Prometheus sees of pushes. */
export class PushMetrics {
  private readonly meter = metrics.getMeter('antipode.edge');
  private readonly pushes = this.meter.createCounter('antipode_edge_pushes', {
    description: 'Pushes by door and outcome',
  });
  private readonly bytes = this.meter.createCounter('antipode_edge_push_bytes', {
    unit: 'By',
    description: 'Bytes of pushes taken from clients',
  });
  private readonly publishing = this.meter.createHistogram('antipode_edge_push_publish_seconds', {
    unit: 's',
    description: 'From the report of the primary until the mirror shows the push, or the wait was given up',
    advice: { explicitBucketBoundaries: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] },
  });

  finished({ door, outcome, bytes }: FinishedPush): void {
    this.pushes.add(1, { door, outcome });
    if (bytes > 0) this.bytes.add(bytes, { door });
  }

  published({ outcome, seconds }: { outcome: 'published' | 'late'; seconds: number }): void {
    this.publishing.record(seconds, { outcome });
  }
}
