import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Prisma } from '../generated/prisma/client.js';
import { numberOf } from '../outgoing/event-body.js';

interface Row {
  readonly id: string;
  readonly projectKey: string;
  readonly confirmedAt: Date | null;
  readonly clonedAt: Date | null;
  readonly failures: number;
}

/** How the syncs of repositories went, as Data Center's support tools read it. */
@Injectable()
export class SyncStatus {
  constructor(private readonly database: Database) {}

  /** In the order of the paths. @param upstreamId how the primary is called there */
  async list(
    upstreamId: string,
    page: { readonly start: number; readonly limit: number },
  ): Promise<object[]> {
    return this.read(upstreamId, Prisma.sql`TRUE`, page);
  }

  /** Undefined where there is none. @param slug the last part of a path */
  async find(upstreamId: string, projectKey: string, slug: string): Promise<object | undefined> {
    const which = Prisma.sql`r.project_key = ${projectKey} AND split_part(r.path, '/', -1) = ${slug}`;
    return (await this.read(upstreamId, which, { start: 0, limit: 1 }))[0];
  }

  private async read(
    upstreamId: string,
    which: Prisma.Sql,
    { start, limit }: { readonly start: number; readonly limit: number },
  ): Promise<object[]> {
    const rows = await this.database.prisma.$queryRaw<Row[]>`
      SELECT r.id, r.project_key AS "projectKey", s.confirmed_at AS "confirmedAt",
        (SELECT min(c.ended_at) FROM sync_run c WHERE c.repository_id = r.id AND c.outcome = 'cloned') AS "clonedAt",
        (SELECT count(*)::int FROM sync_run f WHERE f.repository_id = r.id AND f.outcome = 'failed'
          AND f.ended_at > coalesce(s.confirmed_at, '-infinity')) AS failures
      FROM repository r
      LEFT JOIN LATERAL (SELECT min(confirmed_at) AS confirmed_at FROM sync_state WHERE repository_id = r.id) s ON true
      WHERE r.removed_at IS NULL AND ${which} ORDER BY r.path OFFSET ${start} LIMIT ${limit}`;
    return rows.map((row) => describe(row, upstreamId));
  }
}

const describe = ({ id, projectKey, confirmedAt, clonedAt, failures }: Row, upstreamId: string): object => ({
  upstreamId,
  externalRepoId: id,
  localProjectId: projectKey,
  localRepoId: String(numberOf(id)),
  // Known for a week, as long as runs are.
  initialSyncDate: clonedAt?.getTime() ?? null,
  lastSyncDate: confirmedAt?.getTime() ?? null,
  /** Since the last success. */
  failedSyncCount: failures,
});
