import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

export const DOORS = ['http', 'ssh'] as const;

/** What one door of one node has served within one minute, as one life of its process has counted it so far. */
export interface TrafficRow {
  readonly node: string;
  readonly boot: string;
  readonly minute: Date;
  readonly door: (typeof DOORS)[number];
  readonly fetches: number;
  readonly pushes: number;
  readonly lfsDownloads: number;
  readonly ownBytes: number;
  readonly passedBytes: number;
  readonly failures: number;
}

export interface TrafficSum {
  /** The bucket's start, in seconds since 1970. */
  readonly at: number;
  readonly fetches: number;
  readonly pushes: number;
  readonly lfsDownloads: number;
  readonly ownBytes: number;
  readonly passedBytes: number;
  readonly failures: number;
}

@Injectable()
export class TrafficStore {
  constructor(private readonly database: Database) {}

  /** Totals only grow: a report that comes twice, or late, changes nothing. */
  async write(rows: readonly TrafficRow[]): Promise<void> {
    await this.database.prisma.$executeRaw`
      INSERT INTO traffic_minute (node, boot, minute, door, fetches, pushes, lfs_downloads, own_bytes, passed_bytes, failures)
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows.map(toColumns))}::jsonb) AS t(node text, boot text,
        minute timestamptz, door text, fetches bigint, pushes bigint, lfs_downloads bigint, own_bytes bigint,
        passed_bytes bigint, failures bigint)
      ON CONFLICT (node, boot, minute, door) DO UPDATE SET
        fetches = greatest(traffic_minute.fetches, EXCLUDED.fetches),
        pushes = greatest(traffic_minute.pushes, EXCLUDED.pushes),
        lfs_downloads = greatest(traffic_minute.lfs_downloads, EXCLUDED.lfs_downloads),
        own_bytes = greatest(traffic_minute.own_bytes, EXCLUDED.own_bytes),
        passed_bytes = greatest(traffic_minute.passed_bytes, EXCLUDED.passed_bytes),
        failures = greatest(traffic_minute.failures, EXCLUDED.failures)`;
  }

  /** Sums over all nodes and doors by buckets of `seconds`; those in which nothing happened are left out. */
  async sums(since: Date, seconds: number): Promise<TrafficSum[]> {
    return this.database.prisma.$queryRaw<TrafficSum[]>`
      SELECT (floor(extract(epoch FROM t.at) / ${seconds}::int) * ${seconds}::int)::float8 AS at,
        sum(t.fetches)::float8 AS fetches, sum(t.pushes)::float8 AS pushes, sum(t.lfs_downloads)::float8 AS "lfsDownloads",
        sum(t.own_bytes)::float8 AS "ownBytes", sum(t.passed_bytes)::float8 AS "passedBytes",
        sum(t.failures)::float8 AS failures
      FROM (
        SELECT minute AS at, fetches, pushes, lfs_downloads, own_bytes, passed_bytes, failures FROM traffic_minute
        WHERE minute >= ${since}
        UNION ALL
        SELECT hour, fetches, pushes, lfs_downloads, own_bytes, passed_bytes, failures FROM traffic_hour
        WHERE hour >= ${since}) t
      GROUP BY 1 ORDER BY 1`;
  }

  /** Adds some of the minutes before `moment` to their hours, in one stroke; gives how many. */
  async foldMinutes(moment: Date, batch: number): Promise<number> {
    const rows = await this.database.prisma.$queryRaw<{ folded: number }[]>`
      WITH gone AS (
        DELETE FROM traffic_minute WHERE ctid IN (
          SELECT ctid FROM traffic_minute WHERE minute < ${moment} ORDER BY minute LIMIT ${batch} FOR UPDATE SKIP LOCKED)
        RETURNING *
      ), added AS (
        INSERT INTO traffic_hour (node, hour, door, fetches, pushes, lfs_downloads, own_bytes, passed_bytes, failures)
        SELECT node, date_trunc('hour', minute, 'UTC'), door, sum(fetches), sum(pushes), sum(lfs_downloads), sum(own_bytes),
          sum(passed_bytes), sum(failures)
        FROM gone GROUP BY 1, 2, 3
        ON CONFLICT (node, hour, door) DO UPDATE SET
          fetches = traffic_hour.fetches + EXCLUDED.fetches, pushes = traffic_hour.pushes + EXCLUDED.pushes,
          lfs_downloads = traffic_hour.lfs_downloads + EXCLUDED.lfs_downloads,
          own_bytes = traffic_hour.own_bytes + EXCLUDED.own_bytes,
          passed_bytes = traffic_hour.passed_bytes + EXCLUDED.passed_bytes,
          failures = traffic_hour.failures + EXCLUDED.failures
      )
      SELECT count(*)::int AS folded FROM gone`;
    return rows[0]?.folded ?? 0;
  }

  prune(moment: Date, batch: number): Promise<number> {
    return this.database.prisma.$executeRaw`
      DELETE FROM traffic_hour WHERE ctid IN (SELECT ctid FROM traffic_hour WHERE hour < ${moment} LIMIT ${batch})`;
  }
}

const toColumns = ({ lfsDownloads, ownBytes, passedBytes, ...row }: TrafficRow): Record<string, unknown> => ({
  ...row,
  lfs_downloads: lfsDownloads,
  own_bytes: ownBytes,
  passed_bytes: passedBytes,
});
