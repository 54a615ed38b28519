import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { toAntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type AuthConfig } from '../config.js';
import { AccountKeys } from './account-keys.js';
import { AccountsStore } from './accounts.store.js';

/** How long we look for the next due account after there was none. */
const IDLE_MS = 1000;
const READERS = 4;

/** Reads every linked account's SSH keys from the primary, again and again; all instances share the work. */
@Injectable()
export class KeyReader implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readers: Promise<void>[] = [];

  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly accounts: AccountsStore,
    private readonly keys: AccountKeys,
  ) {}

  onApplicationBootstrap(): void {
    if (this.keys.isOn) this.readers = Array.from({ length: READERS }, () => this.readOn());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await Promise.allSettled(this.readers);
  }

  private async readOn(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      const found = await this.readNext();
      if (!found) await sleep(IDLE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns false where no account was due, or there is no telling. */
  private async readNext(): Promise<boolean> {
    const id = await this.accounts.claimDue(this.config.KEY_READ_SECONDS * 1000).catch(() => undefined);
    if (id === undefined) return false;
    await this.keys.read(id).catch((error: unknown) => {
      const known = toAntipodeError(error, 'reading keys');
      // A broken link was logged where it broke; the person reads of it on the link page.
      if (known.code !== 'unauthenticated' && !this.closing.signal.aborted)
        this.logger.warn({ err: known, accountId: id }, 'the keys of an account could not be read');
    });
    return true;
  }
}
