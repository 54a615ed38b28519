import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { PeopleDirectory } from '../people/people-directory.js';
import type { LentAccount } from './sealed-credential.js';

const MOST_ACCOUNTS = 1000;

/** The tokens of the account that the connection lives by. Auth renews them; nothing is kept here but the last one. */
@Injectable()
export class LentAccountTokens {
  /** For the one question after a refusal; by account, since others are asked about, too, before they are lent. */
  private readonly last = new LRUCache<string, string>({ max: MOST_ACCOUNTS });

  constructor(private readonly directory: PeopleDirectory) {}

  /** @throws AntipodeError `unauthenticated` where the account is no longer linked, `service_unavailable` */
  async token(lent: LentAccount): Promise<string> {
    return this.ask(lent, {});
  }

  /** Another token than the one that was given last: the primary has refused that. Undefined where there is none. */
  async renewed(lent: LentAccount): Promise<string | undefined> {
    const refused = this.last.get(lent.account);
    if (refused === undefined) return undefined;
    const token = await this.ask(lent, { refused });
    return token === refused ? undefined : token;
  }

  /** For a look at what would be possible, before anything is lent. @throws AntipodeError as `token` */
  async preview(lent: LentAccount): Promise<string> {
    return this.ask(lent, { purpose: 'preview' });
  }

  private async ask(
    { account, displayName }: LentAccount,
    how: { refused?: string; purpose?: 'preview' },
  ): Promise<string> {
    try {
      const { token } = await this.directory.accountToken(account, how);
      this.last.set(account, token);
      return token;
    } catch (error) {
      if (!isAntipodeError(error) || error.code !== 'unauthenticated') throw error;
      const hint = `The account of ${displayName} is not linked to this mirror (any more).`;
      throw new AntipodeError('unauthenticated', 'getting a token', { account }, { cause: error, hint });
    }
  }
}
