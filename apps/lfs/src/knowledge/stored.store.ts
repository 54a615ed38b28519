import { Inject, Injectable } from '@nestjs/common';
import type { LfsObject } from '@antipode/lfs-wire';
import type { LfsConfig } from '../config.js';
import { Database } from '../database/database.js';
import type { Prisma } from '../generated/prisma/client.js';
import { LFS_CONFIG } from '../tokens.js';
import { asNumber, rowsOf } from './rows.js';
import { storeName } from './store-name.js';

/** What keeping an object means to others. */
export interface KeptObject {
  readonly owners: readonly string[];
  /** Somebody has not proved it yet, and may do so now. */
  readonly isWantedElsewhere: boolean;
}

/** Which objects are in the store. Rows are written where the bytes are seen, and go before the bytes do. */
@Injectable()
export class StoredStore {
  private readonly store: string;

  constructor(
    @Inject(LFS_CONFIG) config: LfsConfig,
    private readonly database: Database,
  ) {
    this.store = storeName(config);
  }

  /**
   * Notes that an object's bytes are kept; owners that wanted it are content.
   *
   * @param isThere looks once more, while nobody may remove it: what was taken away meanwhile is not noted.
   * @returns undefined where it was not there any more
   */
  async keep({ oid, size }: LfsObject, isThere: () => Promise<boolean>): Promise<KeptObject | undefined> {
    return this.database.transaction('noting an object that is kept', async (transaction) => {
      // Not before the disk has it: the file is the truth, and what a crash of the database forgets is noted again.
      await transaction.$executeRaw`SELECT set_config('synchronous_commit', 'off', true)`;
      await this.lock(transaction, oid);
      if (!(await isThere())) return undefined;
      const { store } = this;
      // Others may have it as well: that costs the primary a word now, and no bytes.
      const [row] = await transaction.$queryRaw<{ owners: string[]; woken: number }[]>`
        WITH kept AS (
               INSERT INTO stored (store, oid, size) VALUES (${store}, ${oid}, ${size})
               ON CONFLICT (store, oid) DO UPDATE SET size = excluded.size, checked_at = now()),
             sized AS (UPDATE belonging SET size = ${size} WHERE oid = ${oid} AND size <> ${size}),
             content AS (
               DELETE FROM wanted w USING belonging b
                WHERE w.store = ${store} AND w.oid = ${oid} AND b.repository_id = w.repository_id AND b.oid = w.oid),
             woken AS (
               UPDATE wanted w SET next_at = now()
                WHERE w.store = ${store} AND w.oid = ${oid} AND w.leased_by IS NULL
                  AND w.error_code IS DISTINCT FROM 'not_found'
                  AND NOT EXISTS (SELECT 1 FROM belonging b WHERE b.repository_id = w.repository_id AND b.oid = w.oid)
               RETURNING 1)
        SELECT (SELECT count(*) FROM woken)::int AS woken,
               ARRAY(SELECT repository_id FROM belonging WHERE oid = ${oid}) AS owners`;
      return { owners: row?.owners ?? [], isWantedElsewhere: (row?.woken ?? 0) > 0 };
    });
  }

  /** Its bytes are gone or wrong: one of those to whom it belongs wants it again. @returns whether anybody does */
  async lose(oid: string): Promise<boolean> {
    return this.database.transaction('noting a lost object', async (transaction) => {
      const { store } = this;
      await transaction.$executeRaw`DELETE FROM stored WHERE store = ${store} AND oid = ${oid}`;
      const wanted = await transaction.$executeRaw`
        INSERT INTO wanted (store, repository_id, oid, size)
        SELECT ${store}, b.repository_id, b.oid, b.size FROM belonging b
         WHERE b.oid = ${oid} AND NOT EXISTS (SELECT 1 FROM departed d WHERE d.repository_id = b.repository_id)
         ORDER BY b.repository_id LIMIT 1
        ON CONFLICT (store, repository_id, oid, size) DO UPDATE SET attempts = 0, next_at = now()
         WHERE wanted.leased_by IS NULL`;
      return wanted > 0;
    });
  }

  /** To whom an object belongs. */
  async ownersOf(oid: string): Promise<string[]> {
    const rows = await this.database.run('looking up owners', (prisma) =>
      prisma.belonging.findMany({ where: { oid }, select: { repositoryId: true } }),
    );
    return rows.map(({ repositoryId }) => repositoryId);
  }

  /** Removes an object that nobody owns or wants: `remove` runs while nobody can note it as kept. */
  async removeUnowned(oid: string, remove: () => Promise<void>): Promise<boolean> {
    return this.database.transaction('removing an object', async (transaction) => {
      await this.lock(transaction, oid);
      const { store } = this;
      const gone = await transaction.$executeRaw`
        DELETE FROM stored s WHERE s.store = ${store} AND s.oid = ${oid}
           AND NOT EXISTS (SELECT 1 FROM belonging b WHERE b.oid = s.oid)
           AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.store = s.store AND w.oid = s.oid)`;
      if (gone > 0) await remove();
      return gone > 0;
    });
  }

  /** Objects that nobody owns or wants, and that have been here for so long. */
  async unowned(forHours: number, most: number): Promise<string[]> {
    const rows = await this.database.run(
      'looking for objects that nobody owns',
      (prisma) => prisma.$queryRaw<{ oid: string }[]>`
        SELECT s.oid FROM stored s
         WHERE s.store = ${this.store} AND s.stored_at <= now() - ${forHours} * interval '1 hour'
           AND NOT EXISTS (SELECT 1 FROM belonging b WHERE b.oid = s.oid)
           AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.store = s.store AND w.oid = s.oid)
         LIMIT ${most}`,
    );
    return rows.map(({ oid }) => oid);
  }

  /** The object that was checked longest ago, taken so that nobody else checks it now. */
  async claimOldest(olderThanHours: number): Promise<LfsObject | undefined> {
    const rows = await this.database.run(
      'choosing an object to check',
      (prisma) => prisma.$queryRaw<{ oid: string; size: bigint }[]>`
        UPDATE stored SET checked_at = now()
         WHERE store = ${this.store} AND oid = (
           SELECT oid FROM stored
            WHERE store = ${this.store} AND checked_at <= now() - ${olderThanHours} * interval '1 hour'
            ORDER BY checked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING oid, size`,
    );
    const [row] = rows;
    return row && { oid: row.oid, size: asNumber(row.size) };
  }

  /** Notes what was found in the store; what is known already stays as it is. @returns what was news */
  async found(objects: readonly LfsObject[]): Promise<string[]> {
    const rows = await this.database.run(
      'noting what is in the store',
      (prisma) => prisma.$queryRaw<{ oid: string }[]>`
        INSERT INTO stored (store, oid, size, checked_at)
        SELECT ${this.store}, o.oid, o.size, now() - interval '100 years' FROM ${rowsOf(objects)} ORDER BY o.oid
        ON CONFLICT (store, oid) DO NOTHING
        RETURNING oid`,
    );
    return rows.map(({ oid }) => oid);
  }

  private async lock(transaction: Prisma.TransactionClient, oid: string): Promise<void> {
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${this.store}/${oid}`}, 7990))`;
  }
}
