import { Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import type { LinkedAccount } from '../accounts/account.js';
import { AccountsStore } from '../accounts/accounts.store.js';
import { Sentences } from '../authorize/sentences.js';
import { Database } from '../database/database.js';
import { SessionsStore } from '../link/sessions.store.js';

/** Whose browser this is. Looked up each time: who has signed out, or unlinked, is nobody at once. */
@Injectable()
export class SignedIn {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsStore,
    private readonly accounts: AccountsStore,
    private readonly sentences: Sentences,
  ) {}

  /** @throws AntipodeError `unauthenticated` (with a hint where the link is broken), `service_unavailable` */
  async find(browser: string): Promise<LinkedAccount> {
    const id = this.database.isConfigured ? await this.sessions.find(browser) : undefined;
    const account = id === undefined ? undefined : await this.accounts.find(id);
    if (!account) throw new AntipodeError('unauthenticated', 'looking up a session');
    if (account.state.kind !== 'linked') throw this.broken();
    return account;
  }

  /** What is said to somebody whose link the primary no longer takes. */
  broken(): AntipodeError {
    const hint = this.sentences.relink();
    return new AntipodeError('unauthenticated', 'asking with a linked account', {}, { hint });
  }
}
