import { Injectable } from '@nestjs/common';
import type { RepositoryId, RepositoryPath } from '@antipode/domain';
import { Database } from '../database/database.js';
import { CHANGES, LOCKS } from '../database/names.js';
import { Prisma } from '../generated/prisma/client.js';
import type { FeedRow, KnownRepository, Origin, RemovedWhy, RepositoryFacts } from './repository.js';

export type Transaction = Prisma.TransactionClient;

/** A `FeedRow`. */
const FEED_COLUMNS = Prisma.sql`r.id, r.path, r.project_key AS "projectKey", r.public, r.version,
  coalesce(p.freshness, '') AS freshness, coalesce(p.lfs_prefetch, '') AS "lfsPrefetch",
  r.removed_at IS NOT NULL AS removed`;

/** The table of repositories. Rows stay when a repository is removed, so that watchers can be told. */
@Injectable()
export class RepositoriesStore {
  constructor(private readonly database: Database) {}

  /**
   * Runs a transaction that changes the table, and tells all instances.
   *
   * Writers take turns: whoever has read version n has then seen everything up to n.
   */
  async change<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.database.prisma.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${LOCKS.repositories}::bigint)`;
        const result = await work(transaction);
        await transaction.$executeRaw`SELECT pg_notify(${CHANGES}, '')`;
        return result;
      },
      { maxWait: 5000, timeout: 30_000 },
    );
  }

  async known(): Promise<Map<RepositoryId, KnownRepository>> {
    const rows = await this.database.prisma.repository.findMany();
    return new Map(
      rows.map((row) => [
        row.id,
        {
          ...row,
          sizeBytes: Number(row.sizeBytes),
          origin: row.origin as Origin,
          removed: row.removedAt !== null,
        },
      ]),
    );
  }

  /** Everything for watchers that changed after `version`, in order. */
  async changedSince(version: bigint): Promise<FeedRow[]> {
    return this.database.prisma.$queryRaw<FeedRow[]>`
      SELECT ${FEED_COLUMNS} FROM repository r LEFT JOIN project_policy p USING (project_key)
      WHERE r.version > ${version} ORDER BY r.version`;
  }

  async findByPath(path: RepositoryPath): Promise<FeedRow | undefined> {
    const rows = await this.database.prisma.$queryRaw<FeedRow[]>`
      SELECT ${FEED_COLUMNS} FROM repository r LEFT JOIN project_policy p USING (project_key)
      WHERE r.path = ${path} AND r.removed_at IS NULL LIMIT 1`;
    return rows[0];
  }

  async has(id: RepositoryId): Promise<boolean> {
    return (await this.database.prisma.repository.count({ where: { id, removedAt: null } })) > 0;
  }

  /** Which of these are in the table, removed or not. */
  async existing(ids: readonly RepositoryId[]): Promise<Set<RepositoryId>> {
    const rows = await this.database.prisma.repository.findMany({
      where: { id: { in: [...ids] } },
      select: { id: true },
    });
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Adds and updates repositories.
   *
   * Those that come from discovery are checked against the selection as it is at commit: it may have changed while
   * the primary was being asked.
   */
  async upsert(transaction: Transaction, origin: Origin, facts: readonly RepositoryFacts[]): Promise<void> {
    if (facts.length === 0) return;
    await transaction.$executeRaw`
      INSERT INTO repository (id, path, name, project_key, public, size_bytes, updated_on, origin, version)
      SELECT f.id, f.path, f.name, f."projectKey", f.public, f."sizeBytes", f."updatedOn", ${origin}, nextval('repository_version')
      FROM jsonb_to_recordset(${JSON.stringify(facts)}::jsonb)
        AS f(id text, path text, name text, "projectKey" text, public boolean, "sizeBytes" bigint, "updatedOn" text)
      WHERE ${origin} <> 'discovery'
        OR EXISTS (SELECT 1 FROM selection s WHERE (s."all" OR f."projectKey" = ANY (s.project_keys))
          AND (s.public_repositories = 'include' OR NOT f.public))
          -- A sweep that was under way when the mirror was disconnected must not bring anything back.
          AND EXISTS (SELECT 1 FROM connection c WHERE c.phase IN ('connecting', 'connected', 'suspended'))
      ON CONFLICT (id) DO UPDATE SET
        path = EXCLUDED.path, name = EXCLUDED.name, project_key = EXCLUDED.project_key, public = EXCLUDED.public,
        size_bytes = EXCLUDED.size_bytes, updated_on = EXCLUDED.updated_on, removed_at = NULL, removed_why = NULL,
        -- Watchers are only told of what they can see.
        version = CASE
          WHEN repository.removed_at IS NOT NULL
            OR (repository.path, repository.project_key, repository.public)
              IS DISTINCT FROM (EXCLUDED.path, EXCLUDED.project_key, EXCLUDED.public)
          THEN EXCLUDED.version ELSE repository.version END`;
  }

  async remove(transaction: Transaction, ids: readonly RepositoryId[], why: RemovedWhy): Promise<void> {
    if (ids.length === 0) return;
    await transaction.$executeRaw`
      UPDATE repository SET removed_at = now(), removed_why = ${why}, version = nextval('repository_version')
      WHERE id = ANY (${[...ids]}::text[]) AND removed_at IS NULL`;
  }

  async paths(transaction: Transaction, ids: readonly RepositoryId[]): Promise<string[]> {
    const rows = await transaction.repository.findMany({
      where: { id: { in: [...ids] } },
      select: { path: true },
      orderBy: { path: 'asc' },
    });
    return rows.map(({ path }) => path);
  }

  async removeAll(transaction: Transaction, why: RemovedWhy): Promise<void> {
    await transaction.$executeRaw`
      UPDATE repository SET removed_at = now(), removed_why = ${why}, version = nextval('repository_version')
      WHERE removed_at IS NULL`;
  }

  /** Deletes every row; watchers notice by what is missing. */
  forgetAll(transaction: Transaction): Promise<{ readonly count: number }> {
    return transaction.repository.deleteMany();
  }

  /** Every repository that is not removed. */
  async activeIds(): Promise<Set<RepositoryId>> {
    const rows = await this.database.prisma.repository.findMany({
      where: { removedAt: null },
      select: { id: true },
    });
    return new Set(rows.map(({ id }) => id));
  }

  activeCount(): Promise<number> {
    return this.database.prisma.repository.count({ where: { removedAt: null } });
  }

  /** Takes away what discovery had brought and the selection no longer covers. */
  async removeUnselected(transaction: Transaction): Promise<void> {
    await transaction.$executeRaw`
      UPDATE repository r SET removed_at = now(), removed_why = 'deselected', version = nextval('repository_version')
      FROM selection s
      WHERE r.removed_at IS NULL AND r.origin = 'discovery' AND (
        (NOT s."all" AND r.project_key <> ALL (s.project_keys)) OR (s.public_repositories = 'exclude' AND r.public))`;
  }

  /** Has watchers told of a project's repositories again: something that they are told has changed beside this table. */
  async touchProject(transaction: Transaction, projectKey: string): Promise<void> {
    await transaction.$executeRaw`
      UPDATE repository SET version = nextval('repository_version')
      WHERE project_key = ${projectKey} AND removed_at IS NULL`;
  }

  /** Forgets what was removed long ago; no watcher needs to hear of it any more. */
  async forgetRemovedBefore(moment: Date): Promise<void> {
    await this.database.prisma.repository.deleteMany({ where: { removedAt: { lt: moment } } });
  }
}
