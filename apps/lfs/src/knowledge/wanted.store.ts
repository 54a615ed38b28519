import { Inject, Injectable } from '@nestjs/common';
import type { LfsObject } from '@antipode/lfs-wire';
import type { LfsConfig } from '../config.js';
import { Database } from '../database/database.js';
import { LFS_CONFIG } from '../tokens.js';
import { asNumber, rowsOf, sumOf } from './rows.js';
import { storeName } from './store-name.js';

/** An object that this process works on now. */
export interface ClaimedObject extends LfsObject {
  /** How often it was tried in vain. */
  readonly attempts: number;
}

/** Why an object, or all of them, could not be had. */
export interface FailedAttempt {
  readonly code: string;
  /** One sentence for a person, without secrets. */
  readonly message: string;
  readonly retryInMs: number;
}

/** How many of a repository's objects are here, and how many are not. */
export interface Counts {
  readonly present: number;
  readonly presentBytes: number;
  readonly missing: number;
  readonly missingBytes: number;
  /** Of the missing ones, those that were tried and could not be had. */
  readonly failed: number;
  /** Why the latest of them could not be had. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** A claim that was not renewed for so long is taken to be a dead process's. */
const LEASE_MS = 90_000;
const LONGEST_MESSAGE = 500;

/** What is to be brought: a table rather than a queue, so that it outlives everything but itself. */
@Injectable()
export class WantedStore {
  private readonly store: string;
  private readonly node: string;

  constructor(
    @Inject(LFS_CONFIG) config: LfsConfig,
    private readonly database: Database,
  ) {
    this.store = storeName(config);
    this.node = config.ANTIPODE_NODE;
  }

  /** Notes what new commits point to; a new pointer to what could not be had is a reason to try at once. */
  async take(repositoryId: string, objects: readonly LfsObject[]): Promise<void> {
    if (objects.length === 0) return;
    await this.database.run(
      'noting pointers',
      (prisma) => prisma.$executeRaw`
        INSERT INTO wanted (store, repository_id, oid, size)
        SELECT DISTINCT ${this.store}, ${repositoryId}, o.oid, o.size FROM ${rowsOf(objects)}
         WHERE NOT EXISTS (
           SELECT 1 FROM belonging b JOIN stored s ON s.store = ${this.store} AND s.oid = b.oid
            WHERE b.repository_id = ${repositoryId} AND b.oid = o.oid)
         ORDER BY o.oid, o.size
        ON CONFLICT (store, repository_id, oid, size) DO UPDATE SET attempts = 0, next_at = now()
         WHERE wanted.attempts > 0 AND wanted.leased_by IS NULL`,
    );
  }

  /** Repositories with wanted objects, and in how many milliseconds the first of them is due (0: now). */
  async repositories(): Promise<ReadonlyMap<string, number>> {
    // From repository to repository by the index: there may be millions of objects, and thousands of repositories.
    const rows = await this.database.run(
      'looking for wanted objects',
      (prisma) => prisma.$queryRaw<{ id: string; ms: number }[]>`
        WITH RECURSIVE each(id) AS (
          (SELECT repository_id FROM wanted WHERE store = ${this.store} ORDER BY repository_id LIMIT 1)
          UNION ALL
          SELECT (SELECT w.repository_id FROM wanted w WHERE w.store = ${this.store} AND w.repository_id > each.id
                   ORDER BY w.repository_id LIMIT 1)
            FROM each WHERE each.id IS NOT NULL)
        SELECT id, ceil(extract(epoch FROM
                 (SELECT min(next_at) FROM wanted WHERE store = ${this.store} AND repository_id = id) - now()) * 1000
               )::float8 AS ms
          FROM each WHERE id IS NOT NULL`,
    );
    return new Map(rows.map(({ id, ms }) => [id, Math.max(0, ms)]));
  }

  /** Takes due objects of a repository for this process, those that wait longest first. */
  async claim(repositoryId: string, most: number): Promise<ClaimedObject[]> {
    const rows = await this.database.run(
      'claiming wanted objects',
      (prisma) => prisma.$queryRaw<{ oid: string; size: bigint; attempts: number }[]>`
        UPDATE wanted w SET next_at = now() + ${LEASE_MS} * interval '1 millisecond', leased_by = ${this.node}
          FROM (SELECT store, repository_id, oid, size FROM wanted
                 WHERE store = ${this.store} AND repository_id = ${repositoryId} AND next_at <= now()
                 ORDER BY next_at LIMIT ${most} FOR UPDATE SKIP LOCKED) c
         WHERE (w.store, w.repository_id, w.oid, w.size) = (c.store, c.repository_id, c.oid, c.size)
        RETURNING w.oid, w.size, w.attempts`,
    );
    return rows.map(({ oid, size, attempts }) => ({ oid, size: asNumber(size), attempts }));
  }

  /** This process is still at it. */
  async renew(repositoryId: string, objects: readonly LfsObject[]): Promise<void> {
    await this.database.run(
      'renewing claims',
      (prisma) => prisma.$executeRaw`
        UPDATE wanted w SET next_at = now() + ${LEASE_MS} * interval '1 millisecond'
          FROM ${rowsOf(objects)}
         WHERE w.store = ${this.store} AND w.repository_id = ${repositoryId} AND w.oid = o.oid AND w.size = o.size
           AND w.leased_by = ${this.node}`,
    );
  }

  /** What an earlier process of this node had in hand when it died is due at once. */
  async releaseAll(): Promise<void> {
    await this.database.run('releasing claims', (prisma) =>
      prisma.wanted.updateMany({
        where: { store: this.store, leasedBy: this.node },
        data: { leasedBy: null, nextAt: new Date(0) },
      }),
    );
  }

  /** Gives back what was not tried. */
  async release(repositoryId: string, objects: readonly LfsObject[], dueInMs: number): Promise<void> {
    await this.database.run(
      'releasing claims',
      (prisma) => prisma.$executeRaw`
        UPDATE wanted w SET leased_by = NULL, next_at = now() + ${dueInMs} * interval '1 millisecond'
          FROM ${rowsOf(objects)}
         WHERE w.store = ${this.store} AND w.repository_id = ${repositoryId} AND w.oid = o.oid AND w.size = o.size
           AND w.leased_by = ${this.node}`,
    );
  }

  /**
   * It is proved, and here. Pointers that named another size have lied: nothing can ever fulfil them.
   *
   * @returns false where it is not here after all
   */
  async done(repositoryId: string, oid: string): Promise<boolean> {
    const [row] = await this.database.run(
      'noting a brought object',
      (prisma) => prisma.$queryRaw<{ here: boolean }[]>`
        WITH here AS (SELECT 1 FROM stored WHERE store = ${this.store} AND oid = ${oid}),
             gone AS (DELETE FROM wanted WHERE store = ${this.store} AND repository_id = ${repositoryId}
                         AND oid = ${oid} AND EXISTS (SELECT 1 FROM here))
        SELECT EXISTS (SELECT 1 FROM here) AS here`,
    );
    return row?.here ?? false;
  }

  async failed(
    repositoryId: string,
    attempts: readonly { readonly object: LfsObject; readonly attempt: FailedAttempt }[],
  ): Promise<void> {
    const rows = attempts.map(({ object: { oid, size }, attempt: { code, message, retryInMs } }) => ({
      oid,
      size,
      code,
      error: message.slice(0, LONGEST_MESSAGE),
      ms: retryInMs,
    }));
    await this.database.run(
      'noting failed attempts',
      (prisma) => prisma.$executeRaw`
        UPDATE wanted w SET attempts = attempts + 1, leased_by = NULL, error_code = f.code, error = f.error,
               next_at = now() + f.ms * interval '1 millisecond'
          FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
                 AS f(oid text, size bigint, code text, error text, ms float8)
         WHERE w.store = ${this.store} AND w.repository_id = ${repositoryId} AND w.oid = f.oid AND w.size = f.size`,
    );
  }

  /** The primary answers for none of a repository's objects: all that are due, or claimed here, wait together. */
  async allFailed(
    repositoryId: string,
    claimed: readonly LfsObject[],
    { code, message, retryInMs }: FailedAttempt,
  ): Promise<void> {
    const oids = claimed.map(({ oid }) => oid);
    await this.database.run(
      'noting failed attempts',
      (prisma) => prisma.$executeRaw`
        UPDATE wanted SET attempts = attempts + 1, leased_by = NULL, error_code = ${code},
               error = ${message.slice(0, LONGEST_MESSAGE)},
               next_at = now() + ${retryInMs} * (0.8 + random() * 0.4) * interval '1 millisecond'
         WHERE store = ${this.store} AND repository_id = ${repositoryId}
           AND (next_at <= now() OR (leased_by = ${this.node} AND oid = ANY (${oids}::text[])))`,
    );
  }

  async counts(repositoryId: string): Promise<Counts> {
    type Row = Record<'present' | 'present_bytes' | 'missing' | 'missing_bytes' | 'failed', bigint> &
      Record<'code' | 'error', string | null>;
    const [row] = await this.database.run(
      'counting objects',
      (prisma) => prisma.$queryRaw<Row[]>`
        SELECT here.*, away.*, latest.code, latest.error
          FROM (SELECT count(*) AS present, ${sumOf('s.size')} AS present_bytes
                  FROM belonging b JOIN stored s ON s.store = ${this.store} AND s.oid = b.oid
                 WHERE b.repository_id = ${repositoryId}) here,
               -- Some of what is wanted has come because somebody asked for it.
               (SELECT count(*) AS missing, ${sumOf('size')} AS missing_bytes,
                       count(*) FILTER (WHERE attempts > 0) AS failed
                  FROM wanted w WHERE store = ${this.store} AND repository_id = ${repositoryId}
                   AND NOT EXISTS (SELECT 1 FROM belonging b JOIN stored s ON s.store = ${this.store} AND s.oid = b.oid
                                    WHERE b.repository_id = ${repositoryId} AND b.oid = w.oid)) away
          LEFT JOIN LATERAL (SELECT error_code AS code, error FROM wanted
                 WHERE store = ${this.store} AND repository_id = ${repositoryId} AND error_code IS NOT NULL
                 ORDER BY next_at DESC LIMIT 1) latest ON true`,
    );
    return {
      present: asNumber(row?.present),
      presentBytes: asNumber(row?.present_bytes),
      missing: asNumber(row?.missing),
      missingBytes: asNumber(row?.missing_bytes),
      failed: asNumber(row?.failed),
      error: row?.code ? { code: row.code, message: row.error ?? '' } : undefined,
    };
  }

  /** Repositories of which anything is known. */
  async knownRepositories(): Promise<string[]> {
    const rows = await this.database.run(
      'listing repositories with large files',
      (prisma) => prisma.$queryRaw<{ id: string }[]>`
        SELECT repository_id AS id FROM belonging GROUP BY 1
        UNION SELECT repository_id FROM wanted WHERE store = ${this.store} GROUP BY 1`,
    );
    return rows.map(({ id }) => id);
  }
}
