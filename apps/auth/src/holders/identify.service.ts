import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import { AccessKeysStore, type KnownAccessKey } from '../access-keys/access-keys.store.js';
import type { LinkedAccount } from '../accounts/account.js';
import { AccountsStore } from '../accounts/accounts.store.js';
import { KeyReader } from '../accounts/key-reader.js';
import type { Holder } from '../authorize/caller.js';
import { CONFIG, type AuthConfig } from '../config.js';
import { Database } from '../database/database.js';
import { addressBlock } from '../limits/address-block.js';
import { UNKNOWN_KEYS } from '../limits/limits.js';
import type { FailureLimit } from '../limits/failure-limit.js';
import { fingerprintOf } from './fingerprint.js';
import { KeyMetrics } from './key-metrics.js';

const LARGEST_KEY_BYTES = 8192;
/** A reading that is late by less than this is waited for, not repeated. */
const LATE_MS = 30_000;

export interface Identified {
  readonly holder: Holder;
  readonly displayName: string;
}

/**
 * Whose SSH key is this? Answered from what was read of the primary before: a key that nobody here has costs no call to
 * the primary. A key is only a claim: whoever asks has the signature checked.
 */
@Injectable()
export class IdentifyService {
  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(UNKNOWN_KEYS) private readonly limit: FailureLimit,
    private readonly database: Database,
    private readonly accounts: AccountsStore,
    private readonly reader: KeyReader,
    private readonly accessKeys: AccessKeysStore,
    private readonly metrics: KeyMetrics,
  ) {}

  /**
   * @throws AntipodeError `invalid`, `too_many_failures`; `service_unavailable`, `primary_*` where there is no telling.
   */
  async identify(publicKey: Uint8Array, clientAddress: string): Promise<Identified | undefined> {
    if (publicKey.length === 0 || publicKey.length > LARGEST_KEY_BYTES)
      throw new AntipodeError('invalid', 'reading a public key', { bytes: publicKey.length });
    if (!this.database.isConfigured) return undefined;
    const fingerprint = fingerprintOf(publicKey);
    try {
      const found = await this.limit.guard(
        addressBlock(clientAddress),
        () => this.find(fingerprint),
        (answer) => answer === undefined,
      );
      this.metrics.offered(found?.holder.kind ?? 'unknown');
      return found;
    } catch (error) {
      const known = toAntipodeError(error, 'identifying a key');
      this.metrics.offered(known.code === 'too_many_failures' ? 'limited' : 'failed');
      throw known;
    }
  }

  private async find(fingerprint: string): Promise<Identified | undefined> {
    const account = await this.accountOf(fingerprint);
    // A broken link opens nothing, and only keeps its place so that its owner hears what to do.
    if (account?.state.kind === 'linked') return asAccount(account);
    const accessKey = await this.accessKeys.find(fingerprint);
    if (accessKey) return asAccessKey(fingerprint, accessKey);
    return account && asAccount(account);
  }

  /** The account on whose list the key is; looks at the primary's list itself where ours is old. */
  private async accountOf(fingerprint: string): Promise<LinkedAccount | undefined> {
    const account = await this.accounts.holderOf(fingerprint);
    if (account?.state.kind !== 'linked') return account;
    const ageMs = Date.now() - (account.keysReadAt?.getTime() ?? 0);
    if (ageMs < this.config.KEY_READ_SECONDS * 1000 + LATE_MS) return account;
    try {
      await this.reader.readNow(account.id);
    } catch (error) {
      const known = toAntipodeError(error, 'reading keys');
      const isStale = ageMs >= this.config.KEY_STALE_SECONDS * 1000;
      // The primary says no for as long as that: whose key it is today, nobody knows.
      if (isStale && isRefusal(known.code) && known.code !== 'unauthenticated') return undefined;
      if (isStale && !isRefusal(known.code)) throw known;
    }
    return this.accounts.holderOf(fingerprint);
  }
}

const asAccount = ({ id, displayName }: LinkedAccount): Identified => ({
  holder: { kind: 'account', accountId: id },
  displayName,
});

/** The same key may be on many lists: its name is its fingerprint, and each question finds the list that counts. */
const asAccessKey = (fingerprint: string, { kind, name, label }: KnownAccessKey): Identified => ({
  holder: { kind: 'access-key', fingerprint },
  displayName: label === '' ? `access key of the ${kind} ${name}` : label,
});
