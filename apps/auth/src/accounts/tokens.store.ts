import { Inject, Injectable } from '@nestjs/common';
import { openSecret, sealSecret } from '@antipode/postgres';
import type { Grant } from '@antipode/primary';
import { CONFIG, type AuthConfig } from '../config.js';
import { Database } from '../database/database.js';
import type { BrokenWhy, LinkState } from './account.js';
import { readState } from './read-state.js';

const DOING = 'looking up a linked account';

/** What the mirror may use on an account's behalf. */
export interface StoredTokens {
  readonly state: LinkState;
  readonly accessToken: string;
  readonly accessExpiresAt: Date;
  readonly refreshToken: string;
  /** The refresh token as it lies in the table: whoever changes the row names what they saw. */
  readonly seal: Uint8Array;
  /** A refresh was sent at this moment, and its answer has not been written. */
  readonly refreshSentAt: Date | undefined;
}

/** Tokens of linked accounts, encrypted. Every change is tied to the refresh token that was seen before it. */
@Injectable()
export class TokensStore {
  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    private readonly database: Database,
  ) {}

  async find(accountId: string): Promise<StoredTokens | undefined> {
    const row = await this.database.run(DOING, (prisma) =>
      prisma.account.findUnique({ where: { id: accountId } }),
    );
    if (!row) return undefined;
    return {
      state: readState(row),
      accessToken: openSecret(row.accessToken, this.config.SECRET_KEY),
      accessExpiresAt: row.accessExpiresAt,
      refreshToken: openSecret(row.refreshToken, this.config.SECRET_KEY),
      seal: row.refreshToken,
      refreshSentAt: row.refreshSentAt ?? undefined,
    };
  }

  /** Notes that the refresh token is about to be used, so that a lost answer is known as one. */
  async noteRefreshSent(accountId: string, seal: Uint8Array): Promise<void> {
    await this.change(accountId, seal, { refreshSentAt: new Date() });
  }

  /** @returns false where the account has been linked anew or unlinked meanwhile: then what is there is newer. */
  keep(accountId: string, seal: Uint8Array, grant: Grant, now: number): Promise<boolean> {
    return this.change(accountId, seal, this.columns(grant, now));
  }

  breakLink(accountId: string, seal: Uint8Array, why: BrokenWhy): Promise<boolean> {
    return this.change(accountId, seal, { state: 'broken', brokenWhy: why });
  }

  /** @param now when the primary was asked, milliseconds since 1970: its seconds count from then at the latest */
  columns(grant: Grant, now: number): TokenColumns {
    const seal = (secret: string): Uint8Array<ArrayBuffer> =>
      Uint8Array.from(sealSecret(secret, this.config.SECRET_KEY));
    return {
      refreshToken: seal(grant.refreshToken),
      accessToken: seal(grant.accessToken),
      accessExpiresAt: new Date(now + grant.expiresInSeconds * 1000),
      refreshSentAt: null,
      state: 'linked',
      brokenWhy: null,
    };
  }

  private async change(accountId: string, seal: Uint8Array, data: Partial<TokenColumns>): Promise<boolean> {
    const where = { id: accountId, refreshToken: Uint8Array.from(seal) };
    const { count } = await this.database.run('changing a linked account', (prisma) =>
      prisma.account.updateMany({ where, data }),
    );
    return count > 0;
  }
}

export interface TokenColumns {
  readonly refreshToken: Uint8Array<ArrayBuffer>;
  readonly accessToken: Uint8Array<ArrayBuffer>;
  readonly accessExpiresAt: Date;
  readonly refreshSentAt: Date | null;
  readonly state: string;
  readonly brokenWhy: string | null;
}
