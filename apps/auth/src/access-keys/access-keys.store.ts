import { Injectable } from '@nestjs/common';
import type { AccessKey } from '@antipode/primary';
import { Database } from '../database/database.js';
import { fingerprintOf } from '../holders/fingerprint.js';
import type { ListName } from './access-key-list.js';

export interface KnownAccessKey extends ListName {
  readonly label: string;
}

export interface KnownList {
  /** The moment just before the primary was asked, milliseconds since 1970; undefined: never read. */
  readonly readAt: number | undefined;
  readonly fingerprints: ReadonlySet<string>;
}

/** What the lists of access keys on the primary say, as far as they were read. */
@Injectable()
export class AccessKeysStore {
  constructor(private readonly database: Database) {}

  /** Makes the lists exactly these; what a list that is gone said is forgotten with it. */
  async setLists(lists: readonly ListName[]): Promise<void> {
    const kinds = lists.map(({ kind }) => kind);
    const names = lists.map(({ name }) => name);
    await this.database.run('setting the lists of access keys', (prisma) =>
      prisma.$transaction([
        prisma.$executeRaw`
          DELETE FROM access_key_list AS list WHERE NOT EXISTS (
            SELECT FROM unnest(${kinds}::text[], ${names}::text[]) AS wanted (kind, name)
             WHERE wanted.kind = list.kind AND wanted.name = list.name)`,
        prisma.$executeRaw`
          INSERT INTO access_key_list (kind, name) SELECT * FROM unnest(${kinds}::text[], ${names}::text[])
          ON CONFLICT DO NOTHING`,
      ]),
    );
  }

  /** The list of this kind that was looked at longest ago, and not within `minAgeMs`; it then counts as looked at. */
  async claimOldest(kind: ListName['kind'], minAgeMs: number): Promise<ListName | undefined> {
    const rows = await this.database.run(
      'choosing a list of access keys',
      (prisma) => prisma.$queryRaw<ListName[]>`
        UPDATE access_key_list SET tried_at = now()
         WHERE kind = ${kind} AND name = (
           SELECT name FROM access_key_list
            WHERE kind = ${kind} AND (tried_at IS NULL OR tried_at < now() - ${minAgeMs} * interval '1 millisecond')
            ORDER BY tried_at NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING kind, name`,
    );
    return rows[0];
  }

  /** @returns false where somebody has looked at it within `minAgeMs`, or there is no such list. */
  async claim({ kind, name }: ListName, minAgeMs: number): Promise<boolean> {
    const count = await this.database.run(
      'claiming a list of access keys',
      (prisma) => prisma.$executeRaw`
        UPDATE access_key_list SET tried_at = now()
         WHERE kind = ${kind} AND name = ${name}
           AND (tried_at IS NULL OR tried_at < now() - ${minAgeMs} * interval '1 millisecond')`,
    );
    return count > 0;
  }

  /** Replaces what is known of a list, unless a later reading has been written. */
  async keep({ kind, name }: ListName, keys: readonly AccessKey[], readAt: number): Promise<void> {
    const at = new Date(readAt);
    await this.database.run('writing access keys', (prisma) =>
      prisma.$transaction(async (transaction) => {
        const { count } = await transaction.accessKeyList.updateMany({
          where: { kind, name, OR: [{ readAt: null }, { readAt: { lte: at } }] },
          data: { readAt: at, errorCode: null },
        });
        if (count === 0) return;
        await transaction.accessKey.deleteMany({ where: { kind, name } });
        const data = keys.map(({ id, publicKey, label }) => ({
          kind,
          name,
          primaryId: id,
          fingerprint: fingerprintOf(publicKey),
          label,
        }));
        await transaction.accessKey.createMany({ data, skipDuplicates: true });
      }),
    );
  }

  async noteError({ kind, name }: ListName, code: string): Promise<void> {
    await this.database.run('noting a failure', (prisma) =>
      prisma.accessKeyList.updateMany({ where: { kind, name }, data: { errorCode: code } }),
    );
  }

  async list({ kind, name }: ListName): Promise<KnownList | undefined> {
    const row = await this.database.run('looking up access keys', (prisma) =>
      prisma.accessKeyList.findUnique({
        where: { kind_name: { kind, name } },
        include: { keys: { select: { fingerprint: true } } },
      }),
    );
    if (!row) return undefined;
    const fingerprints = new Set(row.keys.map(({ fingerprint }) => fingerprint));
    return { readAt: row.readAt?.getTime(), fingerprints };
  }

  /** Some list that holds the key. */
  async find(fingerprint: string): Promise<KnownAccessKey | undefined> {
    const row = await this.database.run('looking up an access key', (prisma) =>
      prisma.accessKey.findFirst({ where: { fingerprint }, orderBy: [{ kind: 'desc' }, { name: 'asc' }] }),
    );
    return row ? { kind: row.kind as ListName['kind'], name: row.name, label: row.label } : undefined;
  }
}
