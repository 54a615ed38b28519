import { Inject, Injectable } from '@nestjs/common';
import type { LfsObject } from '@antipode/lfs-wire';
import type { LfsConfig } from '../config.js';
import { Database } from '../database/database.js';
import { LFS_CONFIG } from '../tokens.js';
import { asNumber, rowsOf } from './rows.js';
import { storeName } from './store-name.js';

/** What is known of an object that belongs to a repository. */
export interface Owned {
  /** Of the bytes that are here, verified; undefined while they are not here. */
  readonly storedSize: number | undefined;
}

/** Which objects belong to which repositories, because the primary said so. */
@Injectable()
export class BelongingsStore {
  private readonly store: string;

  constructor(
    @Inject(LFS_CONFIG) config: LfsConfig,
    private readonly database: Database,
  ) {
    this.store = storeName(config);
  }

  /** Those of the objects that belong to the repository, by oid. */
  async find(repositoryId: string, objects: readonly LfsObject[]): Promise<ReadonlyMap<string, Owned>> {
    if (objects.length === 0) return new Map();
    const oids = [...new Set(objects.map(({ oid }) => oid))];
    const rows = await this.database.run(
      'looking up objects',
      (prisma) => prisma.$queryRaw<{ oid: string; stored: bigint | null }[]>`
        SELECT b.oid, s.size AS stored
          FROM belonging b LEFT JOIN stored s ON s.store = ${this.store} AND s.oid = b.oid
         WHERE b.repository_id = ${repositoryId} AND b.oid = ANY (${oids}::text[])`,
    );
    return new Map(
      rows.map(({ oid, stored }) => [oid, { storedSize: stored === null ? undefined : asNumber(stored) }]),
    );
  }

  /** Which of the objects are in the store, whoever they belong to. */
  async stored(oids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.run(
      'looking for objects in the store',
      (prisma) => prisma.$queryRaw<{ oid: string; size: bigint }[]>`
        SELECT oid, size FROM stored WHERE store = ${this.store} AND oid = ANY (${[...oids]}::text[])`,
    );
    return new Map(rows.map(({ oid, size }) => [oid, asNumber(size)]));
  }

  /** Notes what the primary has just said; nothing that is both proved and stored is wanted any more. */
  async prove(repositoryId: string, objects: readonly LfsObject[]): Promise<void> {
    if (objects.length === 0) return;
    const once = [...new Map(objects.map((object) => [object.oid, object])).values()];
    await this.database.transaction('noting whose objects they are', async (transaction) => {
      // The size of verified bytes is not changed by what somebody asked for.
      await transaction.$executeRaw`
        INSERT INTO belonging (repository_id, oid, size)
        SELECT ${repositoryId}, o.oid, coalesce((SELECT max(s.size) FROM stored s WHERE s.oid = o.oid), o.size)
          FROM ${rowsOf(once)} ORDER BY o.oid
        ON CONFLICT (repository_id, oid) DO UPDATE SET size = excluded.size
         WHERE belonging.size <> excluded.size`;
      await transaction.$executeRaw`
        DELETE FROM wanted w USING stored s
         WHERE w.store = ${this.store} AND w.repository_id = ${repositoryId}
           AND w.oid = ANY (${once.map(({ oid }) => oid)}::text[]) AND s.store = w.store AND s.oid = w.oid`;
    });
  }

  /**
   * Takes back what was proved within so many hours; what the store has of it wants the primary's word anew, and the
   * rest is asked about when somebody wants it.
   *
   * @returns how many proofs that were
   */
  async doubt(repositoryId: string, withinHours: number): Promise<number> {
    return this.database.transaction('taking back proofs', async (transaction) => {
      const { store } = this;
      // What was refused under the path of before was another's refusal.
      await transaction.$executeRaw`
        UPDATE wanted SET attempts = 0, next_at = now()
         WHERE store = ${store} AND repository_id = ${repositoryId} AND leased_by IS NULL AND attempts > 0`;
      return transaction.$executeRaw`
        WITH gone AS (DELETE FROM belonging
                       WHERE repository_id = ${repositoryId}
                         AND proved_at > now() - ${withinHours} * interval '1 hour'
                      RETURNING oid)
        INSERT INTO wanted (store, repository_id, oid, size)
        SELECT s.store, ${repositoryId}, s.oid, s.size
          FROM gone JOIN stored s ON s.store = ${store} AND s.oid = gone.oid ORDER BY s.oid
        ON CONFLICT (store, repository_id, oid, size) DO NOTHING`;
    });
  }
}
