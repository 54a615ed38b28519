import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { isAntipodeError, toAntipodeError } from '@antipode/errors';
import type { AccountKey, OAuth, Primary } from '@antipode/primary';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { PRIMARY } from '../authorize/primary-oracle.js';
import { SingleFlight } from '../authorize/single-flight.js';
import { CONFIG, type AuthConfig } from '../config.js';
import { Database } from '../database/database.js';
import { KeyMetrics } from '../holders/key-metrics.js';
import { AccountTokens } from './account-tokens.js';
import { AccountsStore } from './accounts.store.js';

/** How long we look for the next due account after there was none. */
const IDLE_MS = 1000;
const READERS = 4;
/** Renewed by the reading, a token need not be renewed while somebody waits for it. */
const RENEW_AHEAD_MS = 300_000;

/** Reads every linked account's SSH keys from the primary, again and again; all instances share the work. */
@Injectable()
export class KeyReader implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly flights = new SingleFlight<void>();
  private readers: Promise<void>[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly database: Database,
    private readonly accounts: AccountsStore,
    private readonly tokens: AccountTokens,
    private readonly metrics: KeyMetrics,
  ) {}

  onApplicationBootstrap(): void {
    const { oauth } = this.primary;
    if (!oauth || !this.database.isConfigured) return;
    this.readers = Array.from({ length: READERS }, () => this.readOn(oauth));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await Promise.allSettled(this.readers);
  }

  /**
   * Reads one account's keys now; joins a reading that is under way.
   *
   * @throws AntipodeError as the primary or the database has it; `unauthenticated` where the link is broken.
   */
  async readNow(accountId: string): Promise<void> {
    const { oauth } = this.primary;
    if (oauth) await this.flights.run(accountId, () => this.read(oauth, accountId));
  }

  private async readOn(oauth: OAuth): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      const found = await this.readNext(oauth);
      if (!found) await sleep(IDLE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns false where no account was due, or there is no telling. */
  private async readNext(oauth: OAuth): Promise<boolean> {
    const id = await this.accounts.claimDue(this.config.KEY_READ_SECONDS * 1000).catch(() => undefined);
    if (id === undefined) return false;
    await this.flights
      .run(id, () => this.read(oauth, id))
      .catch(async (error: unknown) => {
        const known = toAntipodeError(error, 'reading keys');
        // A broken link was logged where it broke; the person reads of it on the link page.
        if (known.code !== 'unauthenticated' && !this.closing.signal.aborted)
          this.logger.warn({ err: known, accountId: id }, 'the keys of an account could not be read');
      });
    return true;
  }

  private async read(oauth: OAuth, id: string): Promise<void> {
    const readAt = Date.now();
    try {
      await this.accounts.keepKeys(id, await this.ask(oauth, id), readAt);
      this.metrics.read('account', 'ok');
    } catch (error) {
      const known = toAntipodeError(error, 'reading keys');
      this.metrics.read('account', known.code);
      await this.accounts.noteKeysError(id, known.code).catch(() => undefined);
      throw known;
    }
  }

  private async ask(oauth: OAuth, id: string): Promise<AccountKey[]> {
    const { signal } = this.closing;
    const token = await this.tokens.use(id, { aheadMs: RENEW_AHEAD_MS });
    try {
      return await oauth.sshKeys(token, id, signal);
    } catch (error) {
      // Good by the clock, refused by the primary: taken back, or the clocks differ. The refresh tells.
      if (!isAntipodeError(error) || error.code !== 'unauthenticated') throw error;
      return oauth.sshKeys(await this.tokens.use(id, { refused: token }), id, signal);
    }
  }
}
