import { Injectable } from '@nestjs/common';
import type { AccountKey, Grant, PrimaryAccount } from '@antipode/primary';
import { Database } from '../database/database.js';
import type { Prisma } from '../generated/prisma/client.js';
import { fingerprintOf } from '../holders/fingerprint.js';
import type { KnownKey, LinkedAccount } from './account.js';
import { readState } from './read-state.js';
import { TokensStore } from './tokens.store.js';

export interface NewLink {
  readonly account: PrimaryAccount;
  readonly grant: Grant;
  readonly mayWrite: boolean;
  readonly keys: readonly AccountKey[];
  /** The moment just before the primary was asked for tokens and keys. */
  readonly askedAt: number;
  /** When the keys are read next. */
  readonly keysDueAt: Date;
}

const LENT_NOTE_MS = 600_000;

/** Linked accounts and their keys. */
@Injectable()
export class AccountsStore {
  constructor(
    private readonly database: Database,
    private readonly tokens: TokensStore,
  ) {}

  /** Links an account, for the first time or anew. */
  async link({ account, grant, mayWrite, keys, askedAt, keysDueAt }: NewLink): Promise<void> {
    const { id, displayName } = account;
    const columns = { displayName, mayWrite, keysDueAt, ...this.tokens.columns(grant, askedAt) };
    await this.database.run('linking an account', (prisma) =>
      prisma.$transaction(async (transaction) => {
        const linkedAt = new Date(askedAt);
        await transaction.account.upsert({
          where: { id },
          create: { id, ...columns, linkedAt },
          update: { ...columns, linkedAt },
        });
        await writeKeys(transaction, id, keys, askedAt);
      }),
    );
  }

  /** @returns false where nobody was linked. */
  async unlink(id: string): Promise<boolean> {
    const { count } = await this.database.run('unlinking an account', (prisma) =>
      prisma.account.deleteMany({ where: { id } }),
    );
    return count > 0;
  }

  async find(id: string): Promise<LinkedAccount | undefined> {
    const row = await this.database.run('looking up a linked account', (prisma) =>
      prisma.account.findUnique({ where: { id } }),
    );
    if (!row) return undefined;
    const { displayName, linkedAt, mayWrite } = row;
    return {
      id,
      displayName,
      linkedAt,
      mayWrite,
      state: readState(row),
      keysReadAt: row.keysReadAt ?? undefined,
      keysErrorCode: row.keysErrorCode ?? undefined,
      lentAt: row.lentAt ?? undefined,
    };
  }

  /** Notes that the mirror's connection lives by this account; seldom, since it is asked for all the time. */
  async noteLent(id: string): Promise<void> {
    const isOld = [{ lentAt: null }, { lentAt: { lt: new Date(Date.now() - LENT_NOTE_MS) } }];
    await this.database.run('noting a loan', (prisma) =>
      prisma.account.updateMany({ where: { id, OR: isOld }, data: { lentAt: new Date() } }),
    );
  }

  async keysOf(id: string): Promise<KnownKey[]> {
    const rows = await this.database.run('looking up keys', (prisma) =>
      prisma.accountKey.findMany({ where: { accountId: id }, orderBy: { knownSince: 'asc' } }),
    );
    return rows.map(({ fingerprint, knownSince, expiresOn }) => ({
      fingerprint,
      knownSince,
      expiresOn: expiresOn ?? undefined,
    }));
  }

  /** Whose key this is, as far as we know; a key that has expired is nobody's. */
  async holderOf(fingerprint: string): Promise<LinkedAccount | undefined> {
    const key = await this.database.run('looking up a key', (prisma) =>
      prisma.accountKey.findUnique({ where: { fingerprint } }),
    );
    if (!key || (key.expiresOn && key.expiresOn.getTime() <= Date.now())) return undefined;
    return this.find(key.accountId);
  }

  /**
   * The next account whose keys are due, which is then not due for others until `againInMs` has passed; undefined
   * where there is none.
   */
  async claimDue(againInMs: number): Promise<string | undefined> {
    const rows = await this.database.run(
      'looking for keys to read',
      (prisma) => prisma.$queryRaw<{ id: string }[]>`
        UPDATE account SET keys_due_at = now() + ${againInMs} * interval '1 millisecond'
         WHERE id = (SELECT id FROM account WHERE state = 'linked' AND keys_due_at <= now()
                      ORDER BY keys_due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id`,
    );
    return rows[0]?.id;
  }

  /** Replaces what is known of an account's keys, unless a later reading has been written. */
  async keepKeys(id: string, keys: readonly AccountKey[], readAt: number): Promise<void> {
    await this.database.run('writing keys', (prisma) =>
      prisma.$transaction((transaction) => writeKeys(transaction, id, keys, readAt)),
    );
  }

  async noteKeysError(id: string, code: string): Promise<void> {
    await this.database.run('noting a failure', (prisma) =>
      prisma.account.updateMany({ where: { id }, data: { keysErrorCode: code } }),
    );
  }

  async countByState(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.run('counting accounts', (prisma) =>
      prisma.account.groupBy({ by: ['state'], _count: true }),
    );
    return new Map(rows.map(({ state, _count }) => [state, _count]));
  }
}

/** Nobody has so many, and one account must not fill the table. */
const MOST_KEYS = 500;

/**
 * One reading of an account's keys. A key is whose list showed it last, by the moments at which the primary was asked:
 * an old answer that comes late takes nothing back.
 */
async function writeKeys(
  transaction: Prisma.TransactionClient,
  accountId: string,
  keys: readonly AccountKey[],
  readAt: number,
): Promise<void> {
  const at = new Date(readAt);
  const isNewest = { id: accountId, OR: [{ keysReadAt: null }, { keysReadAt: { lte: at } }] };
  const { count } = await transaction.account.updateMany({
    where: isNewest,
    data: { keysReadAt: at, keysErrorCode: null },
  });
  if (count === 0) return;
  const read = new Map(
    keys.slice(0, MOST_KEYS).map((key) => [fingerprintOf(key.publicKey), key.expiresOn ?? null]),
  );
  await transaction.accountKey.deleteMany({
    where: { accountId, fingerprint: { notIn: [...read.keys()] }, seenAt: { lte: at } },
  });
  for (const [fingerprint, expiresOn] of read) {
    await transaction.$executeRaw`
      INSERT INTO account_key (fingerprint, account_id, known_since, seen_at, expires_on)
      VALUES (${fingerprint}, ${accountId}, ${at}, ${at}, ${expiresOn})
      ON CONFLICT (fingerprint) DO UPDATE
         SET account_id = excluded.account_id, seen_at = excluded.seen_at, expires_on = excluded.expires_on,
             known_since = CASE WHEN account_key.account_id = excluded.account_id
                                THEN account_key.known_since ELSE excluded.known_since END
       WHERE account_key.seen_at <= excluded.seen_at`;
  }
}
