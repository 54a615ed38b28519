import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@antipode/service-kit';
import type { KnownKey, LinkedAccount } from '../accounts/account.js';
import { AccountsStore, type NewLink } from '../accounts/accounts.store.js';
import { Names } from '../verdicts/names.js';
import { VerdictsStore } from '../verdicts/verdicts.store.js';

/** The link of an account, made and undone. */
@Injectable()
export class AccountLinks {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly accounts: AccountsStore,
    private readonly verdicts: VerdictsStore,
    private readonly names: Names,
  ) {}

  async find(
    id: string,
  ): Promise<{ readonly account: LinkedAccount; readonly keys: readonly KnownKey[] } | undefined> {
    const account = await this.accounts.find(id);
    return account && { account, keys: await this.accounts.keysOf(id) };
  }

  async link(link: NewLink): Promise<void> {
    await this.accounts.link(link);
    // Whatever was heard of the account before, the grant is another one now.
    await this.verdicts.end(this.names.holder('account', link.account.id), link.askedAt);
    this.logger.info({ accountId: link.account.id, keys: link.keys.length }, 'an account is linked');
  }

  /** Forgets the account; what it was allowed ends at once. */
  async unlink(id: string): Promise<void> {
    await this.accounts.unlink(id);
    await this.verdicts.end(this.names.holder('account', id), Date.now());
    this.logger.info({ accountId: id }, 'an account is unlinked');
  }
}
