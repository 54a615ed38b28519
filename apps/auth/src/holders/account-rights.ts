import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryPath, Right } from '@antipode/domain';
import { isAntipodeError } from '@antipode/errors';
import type { OAuth, Primary, Verdict } from '@antipode/primary';
import { AccountTokens } from '../accounts/account-tokens.js';
import { PRIMARY } from '../authorize/primary-oracle.js';

const NOT_LINKED: Verdict = { kind: 'unauthenticated' };

/** What a linked account may do: the primary's own answer to the account's own token. */
@Injectable()
export class AccountRights {
  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly tokens: AccountTokens,
  ) {}

  /**
   * `unauthenticated` where the account is not linked (any more).
   *
   * @throws AntipodeError `primary_*`, `service_unavailable`, `busy` where there is no telling.
   */
  async ask(accountId: string, path: RepositoryPath, right: Right): Promise<Verdict> {
    const { oauth } = this.primary;
    if (!oauth) return NOT_LINKED;
    const ask = (token: string): Promise<Verdict> =>
      this.primary.authorize({ path, right, authorization: oauth.gitAuthorization(token) });
    try {
      const token = await this.tokens.use(accountId);
      const verdict = await ask(token);
      if (verdict.kind !== 'unauthenticated') return verdict;
      // Good by the clock, refused by the primary: taken back, or the clocks differ. The refresh tells.
      return await ask(await this.tokens.use(accountId, { refused: token }));
    } catch (error) {
      if (isAntipodeError(error) && error.code === 'unauthenticated') return NOT_LINKED;
      throw error;
    }
  }

  /** The header for one request on the account's behalf. @throws AntipodeError `unauthenticated`, and like `ask`. */
  async lend(oauth: OAuth, accountId: string): Promise<string> {
    return oauth.gitAuthorization(await this.tokens.use(accountId));
  }
}
