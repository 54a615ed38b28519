import { metrics } from '@opentelemetry/api';
import type { RouteName } from '../http/routes.js';
import type { Source } from '../session/visit.js';

export interface Gauges {
  readonly git: { readonly running: number; readonly waiting: number };
  readonly passThrough: { readonly running: number; readonly waiting: number };
}

export interface FinishedRequest {
  readonly route: RouteName | 'unknown';
  readonly source: Source;
  readonly status: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly seconds: number;
}

/** What Prometheus sees. Every label is of a closed set: nothing that a stranger typed becomes a series. */
export class EdgeMetrics {
  private readonly meter = metrics.getMeter('antipode.edge');
  private readonly requests = this.meter.createCounter('antipode_edge_requests', {
    description: 'Requests by route, source and class of status',
  });
  private readonly bytesOut = this.meter.createCounter('antipode_edge_bytes_out', {
    unit: 'By',
    description: 'Bytes sent to clients by source',
  });
  private readonly bytesIn = this.meter.createCounter('antipode_edge_bytes_in', {
    unit: 'By',
    description: 'Bytes of request bodies',
  });
  private readonly duration = this.meter.createHistogram('antipode_edge_request_duration_seconds', {
    unit: 's',
    description: 'From the request to the end of its answer',
    advice: { explicitBucketBoundaries: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60, 600] },
  });

  constructor(gauges: () => Gauges) {
    const processes = this.meter.createObservableGauge('antipode_edge_git_processes', {
      description: 'git processes that answer fetches',
    });
    const queue = this.meter.createObservableGauge('antipode_edge_queue', {
      description: 'Requests that wait for a place',
    });
    const streams = this.meter.createObservableGauge('antipode_edge_pass_through', {
      description: 'Requests that are being passed through',
    });
    processes.addCallback((result) => result.observe(gauges().git.running));
    streams.addCallback((result) => result.observe(gauges().passThrough.running));
    queue.addCallback((result) => {
      result.observe(gauges().git.waiting, { pool: 'git' });
      result.observe(gauges().passThrough.waiting, { pool: 'passthrough' });
    });
  }

  finished({ route, source, status, bytesOut, bytesIn, seconds }: FinishedRequest): void {
    this.requests.add(1, { route, source, status: `${Math.floor(status / 100)}xx` });
    this.bytesOut.add(bytesOut, { source });
    if (bytesIn > 0) this.bytesIn.add(bytesIn, { route });
    this.duration.record(seconds, { route, source });
  }
}
