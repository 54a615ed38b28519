import { Inject, Injectable } from '@nestjs/common';
import { toAntipodeError } from '@antipode/errors';
import type { AccountKey, OAuth, Primary } from '@antipode/primary';
import { PRIMARY } from '../authorize/primary.token.js';
import { SingleFlight } from '../authorize/single-flight.js';
import { Database } from '../database/database.js';
import { KeyMetrics } from '../holders/key-metrics.js';
import { AccountTokens } from './account-tokens.js';
import { AccountsStore } from './accounts.store.js';

/** Renewed by the reading, a token need not be renewed while somebody waits for it. */
const RENEW_AHEAD_MS = 300_000;

/** Reads a linked account's SSH keys from the primary, with the account's own token. */
@Injectable()
export class AccountKeys {
  /** Undefined where nobody can link an account. */
  private readonly oauth: OAuth | undefined;
  private readonly flights = new SingleFlight<void>();

  constructor(
    @Inject(PRIMARY) primary: Primary,
    database: Database,
    private readonly accounts: AccountsStore,
    private readonly tokens: AccountTokens,
    private readonly metrics: KeyMetrics,
  ) {
    this.oauth = database.isConfigured ? primary.oauth : undefined;
    if (this.oauth) metrics.watchAccounts(() => accounts.countByState());
  }

  get isOn(): boolean {
    return this.oauth !== undefined;
  }

  /**
   * Reads one account's keys now; joins a reading that is under way.
   *
   * @throws AntipodeError as the primary or the database has it; `unauthenticated` where the link is broken.
   */
  async read(accountId: string): Promise<void> {
    const { oauth } = this;
    if (oauth) await this.flights.run(accountId, () => this.readOnce(oauth, accountId));
  }

  private async readOnce(oauth: OAuth, id: string): Promise<void> {
    const readAt = Date.now();
    const ask = (token: string): Promise<AccountKey[]> => oauth.sshKeys(token, id);
    try {
      const keys = await this.tokens.ask(id, ask, { aheadMs: RENEW_AHEAD_MS });
      await this.accounts.keepKeys(id, keys, readAt);
      this.metrics.read('account', 'ok');
    } catch (error) {
      const known = toAntipodeError(error, 'reading keys');
      this.metrics.read('account', known.code);
      await this.accounts.noteKeysError(id, known.code).catch(() => undefined);
      throw known;
    }
  }
}
