import { Injectable } from '@nestjs/common';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { PeopleDirectory } from '../people/people-directory.js';
import type { LentAccount } from './sealed-credential.js';

/** The tokens of the account that the connection lives by. Auth renews them; nothing is kept here but the last one. */
@Injectable()
export class LentAccountTokens {
  /** For the one question after a refusal; by account, since another may have taken over. */
  private last: { readonly account: string; readonly token: string } | undefined;

  constructor(private readonly directory: PeopleDirectory) {}

  /** @throws AntipodeError `unauthenticated` where the account is no longer linked, `service_unavailable` */
  async token(lent: LentAccount): Promise<string> {
    return this.ask(lent, '');
  }

  /** Another token than the one that was given last: the primary has refused that. Undefined where there is none. */
  async renewed(lent: LentAccount): Promise<string | undefined> {
    if (this.last?.account !== lent.account) return undefined;
    const { token: refused } = this.last;
    const token = await this.ask(lent, refused);
    return token === refused ? undefined : token;
  }

  private async ask({ account, displayName }: LentAccount, refused: string): Promise<string> {
    try {
      const { token } = await this.directory.accountToken(account, refused);
      this.last = { account, token };
      return token;
    } catch (error) {
      if (!isAntipodeError(error) || error.code !== 'unauthenticated') throw error;
      const hint = `The account of ${displayName} is not linked to this mirror (any more).`;
      throw new AntipodeError('unauthenticated', 'getting a token', { account }, { cause: error, hint });
    }
  }
}
