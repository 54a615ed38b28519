import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { isAdministrator, type Viewer } from '../people/viewer.js';
import type { activitySchema } from './activity-schemas.js';
import { bucketsOf } from './buckets.js';
import { LagStore } from './lag.store.js';
import { TrafficStore, type TrafficSum } from './traffic.store.js';

type ActivityAnswer = z.infer<typeof activitySchema>;
type Served = ActivityAnswer['totals'];

const NOTHING: Served = {
  fetches: 0,
  pushes: 0,
  lfsDownloads: 0,
  ownBytes: 0,
  passedBytes: 0,
  failures: 0,
};

/** How far behind the mirror was, and what it has served, in points for a chart. */
@Injectable()
export class Activity {
  constructor(
    private readonly lag: LagStore,
    private readonly traffic: TrafficStore,
  ) {}

  /** How many fail is told to administrators: others may not know of all that do. */
  async read(hours: number, viewer: Viewer, now = Date.now()): Promise<ActivityAnswer> {
    const { seconds, starts } = bucketsOf(hours, now);
    const since = new Date((starts[0] ?? 0) * 1000);
    const [lags, sums] = await Promise.all([
      this.lag.sums(since, seconds),
      this.traffic.sums(since, seconds),
    ]);
    const lagOf = new Map(lags.map((sum) => [sum.at, sum]));
    const servedIn = new Map(sums.map((sum) => [sum.at, sum]));
    return {
      from: since.toISOString(),
      to: new Date(now).toISOString(),
      bucketSeconds: seconds,
      totals: sums.map(servedOf).reduce(add, NOTHING),
      points: starts.map((at) => {
        const { p50 = null, p95 = null, max = null, failing = null } = lagOf.get(at) ?? {};
        const lag = { p50: tenths(p50), p95: tenths(p95), max: tenths(max) };
        const told = isAdministrator(viewer) ? failing : null;
        return { at: new Date(at * 1000).toISOString(), lag, failing: told, ...servedOf(servedIn.get(at)) };
      }),
    };
  }
}

const tenths = (seconds: number | null): number | null =>
  seconds === null ? null : Math.round(seconds * 10) / 10;

function servedOf(sum: TrafficSum | undefined): Served {
  if (!sum) return NOTHING;
  const { fetches, pushes, lfsDownloads, ownBytes, passedBytes, failures } = sum;
  return { fetches, pushes, lfsDownloads, ownBytes, passedBytes, failures };
}

const add = (a: Served, b: Served): Served => ({
  fetches: a.fetches + b.fetches,
  pushes: a.pushes + b.pushes,
  lfsDownloads: a.lfsDownloads + b.lfsDownloads,
  ownBytes: a.ownBytes + b.ownBytes,
  passedBytes: a.passedBytes + b.passedBytes,
  failures: a.failures + b.failures,
});
