import { Injectable } from '@nestjs/common';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { AccountTokens } from '../accounts/account-tokens.js';
import { AccountsStore } from '../accounts/accounts.store.js';
import { Sentences } from '../authorize/sentences.js';
import { Database } from '../database/database.js';

/** Whoever gets the token may set out on something long. */
const AHEAD_MS = 300_000;

export interface LentToken {
  readonly accessToken: string;
  readonly displayName: string;
}

export interface Loan {
  readonly accountId: string;
  /** A token that the primary has just refused; it is not given again. */
  readonly refused: string | undefined;
  /** preview: the connection does not live by the account (yet), and its owner is not told that it does. */
  readonly purpose: 'connection' | 'preview';
}

/** Lends the token of a linked account to the connection that its owner, an administrator, has made. */
@Injectable()
export class AccountLending {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsStore,
    private readonly tokens: AccountTokens,
    private readonly sentences: Sentences,
  ) {}

  /**
   * @throws AntipodeError `unauthenticated` where the account is not linked, or its link is broken; `primary_*`,
   *   `service_unavailable`, `busy` where there is no telling.
   */
  async lend({ accountId, refused, purpose }: Loan): Promise<LentToken> {
    const account = this.database.isConfigured ? await this.accounts.find(accountId) : undefined;
    if (!account) throw this.notLinked();
    try {
      const wish = refused === undefined ? { aheadMs: AHEAD_MS } : { aheadMs: AHEAD_MS, refused };
      const accessToken = await this.tokens.use(accountId, wish);
      if (purpose === 'connection') await this.accounts.noteLent(accountId).catch(() => undefined);
      return { accessToken, displayName: account.displayName };
    } catch (error) {
      throw isAntipodeError(error) && error.code === 'unauthenticated' ? this.notLinked() : error;
    }
  }

  private notLinked(): AntipodeError {
    const hint = this.sentences.lenderGone();
    return new AntipodeError('unauthenticated', 'lending a token of an account', {}, { hint });
  }
}
