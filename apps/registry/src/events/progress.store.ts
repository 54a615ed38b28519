import { Injectable } from '@nestjs/common';
import { visibleTo } from '../activity/visible-to.js';
import { Database } from '../database/database.js';
import type { Sight } from '../people/viewer.js';

export interface Counts {
  readonly total: number;
  readonly synced: number;
  readonly failing: number;
  /** 0..1, every repository alike. */
  readonly part: number;
  readonly receivedBytes: number;
}

@Injectable()
export class ProgressStore {
  constructor(private readonly database: Database) {}

  /** How far the repositories have come that somebody may see: a first clone counts by how much of it is there. */
  async count(sight: Sight): Promise<Counts> {
    const rows = await this.database.prisma.$queryRaw<Counts[]>`
      SELECT count(*)::int AS total, count(*) FILTER (WHERE synced)::int AS synced,
        count(*) FILTER (WHERE failing)::int AS failing, coalesce(avg(part), 0)::float8 AS part,
        coalesce(sum(received), 0)::float8 AS "receivedBytes"
      FROM (
        SELECT coalesce(bool_and(s.phase IN ('ready', 'syncing')), false) AS synced,
          coalesce(bool_or(s.phase = 'failing'), false) AS failing,
          coalesce(min(CASE
            WHEN s.epoch > 0 AND s.phase <> 'cloning' THEN 1
            WHEN s.phase <> 'cloning' THEN 0
            WHEN s.progress_step = 'receiving' THEN 0.9 * s.progress_percent / 100
            WHEN s.progress_step IN ('resolving', 'verifying', 'lfs', 'publishing') THEN 0.9
            ELSE 0 END), 0) AS part,
          sum(s.received_bytes_total + CASE WHEN s.phase = 'cloning' THEN coalesce(s.progress_bytes, 0) ELSE 0 END)
            AS received
        FROM repository r LEFT JOIN sync_state s ON s.repository_id = r.id AND s.phase <> 'removed'
        WHERE r.removed_at IS NULL AND ${visibleTo(sight)} GROUP BY r.id) each_one`;
    return rows[0] ?? { total: 0, synced: 0, failing: 0, part: 0, receivedBytes: 0 };
  }

  /** Whether the primary has not been asked since somebody chose. */
  async isBehind(): Promise<boolean> {
    const rows = await this.database.prisma.$queryRaw<{ behind: boolean }[]>`
      SELECT c.swept_at IS NULL OR s.changed_at > c.swept_at AS behind FROM connection c, selection s`;
    return rows[0]?.behind ?? false;
  }
}
