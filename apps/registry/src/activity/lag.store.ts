import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** Seconds; null where nothing was served. */
export interface LagSum {
  /** The bucket's start, in seconds since 1970. */
  readonly at: number;
  readonly failing: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

/** How far behind the primary the repositories were, once a minute. */
@Injectable()
export class LagStore {
  constructor(private readonly database: Database) {}

  /** Writes down how things are; of several instances, the first one does. */
  async sample(minute: Date): Promise<void> {
    await this.database.prisma.$executeRaw`
      INSERT INTO lag_sample (minute, ready, failing, p50, p95, max)
      SELECT ${minute}, count(*) FILTER (WHERE ready), count(*) FILTER (WHERE failing),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY lag) FILTER (WHERE ready),
        percentile_cont(0.95) WITHIN GROUP (ORDER BY lag) FILTER (WHERE ready),
        max(lag) FILTER (WHERE ready)
      FROM (
        SELECT bool_or(s.phase = 'failing') AS failing, bool_and(s.phase IN ('ready', 'syncing') AND s.confirmed_at IS NOT NULL) AS ready,
          greatest(0, extract(epoch FROM now() - min(s.confirmed_at)))::float8 AS lag
        FROM repository r JOIN sync_state s ON s.repository_id = r.id
        WHERE r.removed_at IS NULL GROUP BY r.id) each_one
      WHERE NOT EXISTS (SELECT 1 FROM lag_sample WHERE minute = ${minute})
      ON CONFLICT DO NOTHING`;
  }

  /** By buckets of `seconds`: the mean of the samples' percentiles, and the largest of their largest. */
  async sums(since: Date, seconds: number): Promise<LagSum[]> {
    return this.database.prisma.$queryRaw<LagSum[]>`
      SELECT (floor(extract(epoch FROM minute) / ${seconds}::int) * ${seconds}::int)::float8 AS at,
        max(failing) AS failing, avg(p50) AS p50, avg(p95) AS p95, max(max) AS max
      FROM lag_sample WHERE minute >= ${since} GROUP BY 1 ORDER BY 1`;
  }

  prune(moment: Date, batch: number): Promise<number> {
    return this.database.prisma.$executeRaw`
      DELETE FROM lag_sample WHERE minute IN (
        SELECT minute FROM lag_sample WHERE minute < ${moment} ORDER BY minute LIMIT ${batch})`;
  }
}
