import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryPath, Right } from '@antipode/domain';
import { isAntipodeError } from '@antipode/errors';
import type { OAuth, Primary, Verdict } from '@antipode/primary';
import { AccountTokens } from '../accounts/account-tokens.js';
import type { Finding } from '../authorize/inquiry.js';
import { PRIMARY } from '../authorize/primary.token.js';
import { Sentences } from '../authorize/sentences.js';

/** What a linked account may do: the primary's own answer to the account's own token. */
@Injectable()
export class AccountRights {
  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly tokens: AccountTokens,
    private readonly sentences: Sentences,
  ) {}

  /**
   * `unauthenticated` where the account is not linked (any more).
   *
   * @throws AntipodeError `primary_*`, `service_unavailable`, `busy` where there is no telling.
   */
  async ask(accountId: string, path: RepositoryPath, right: Right): Promise<Finding> {
    const { oauth } = this.primary;
    if (!oauth) return this.notLinked();
    const ask = (token: string): Promise<Verdict> =>
      this.primary.authorize({ path, right, authorization: oauth.gitAuthorization(token) });
    try {
      const token = await this.tokens.use(accountId);
      const verdict = await ask(token);
      if (verdict.kind !== 'unauthenticated') return verdict;
      // Good by the clock, refused by the primary: taken back, or the clocks differ. The refresh tells.
      const again = await ask(await this.tokens.use(accountId, { refused: token }));
      return again.kind === 'unauthenticated' ? this.notLinked() : again;
    } catch (error) {
      if (isAntipodeError(error) && error.code === 'unauthenticated') return this.notLinked();
      throw error;
    }
  }

  /** The header for one request on the account's behalf. @throws AntipodeError `unauthenticated`, and like `ask`. */
  async lend(oauth: OAuth, accountId: string): Promise<string> {
    return oauth.gitAuthorization(await this.tokens.use(accountId));
  }

  private notLinked(): Finding {
    return { kind: 'unauthenticated', message: this.sentences.relink() };
  }
}
