import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import { AccessKeysStore, type KnownAccessKey } from '../access-keys/access-keys.store.js';
import type { LinkedAccount } from '../accounts/account.js';
import { AccountKeys } from '../accounts/account-keys.js';
import { AccountsStore } from '../accounts/accounts.store.js';
import type { Holder } from '../authorize/caller.js';
import { CONFIG, type AuthConfig } from '../config.js';

const LONGEST_NAME = 100;
/** A reading that is late by less than this is waited for, not repeated. */
const LATE_MS = 30_000;
/** Somebody's ssh waits for this answer, and a primary that is away is asked again and again. */
const LONGEST_WAIT_MS = 2500;

export interface Identified {
  readonly holder: Holder;
  readonly displayName: string;
}

/** Who has a key, from what was read of the primary before: the account on whose list it is, or lists of access keys. */
@Injectable()
export class KeyHolders {
  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    private readonly accounts: AccountsStore,
    private readonly keys: AccountKeys,
    private readonly accessKeys: AccessKeysStore,
  ) {}

  /** @throws AntipodeError `service_unavailable`, `primary_*` where there is no telling. */
  async find(fingerprint: string): Promise<Identified | undefined> {
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
      await inTime(this.keys.read(account.id));
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

/** The reading goes on, for the next who comes. */
async function inTime(reading: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const late = sleep(LONGEST_WAIT_MS, undefined, { signal: timer.signal }).then(() => {
    throw new AntipodeError('primary_unavailable', 'reading keys', { waitedMs: LONGEST_WAIT_MS });
  });
  late.catch(() => undefined);
  reading.catch(() => undefined);
  try {
    await Promise.race([reading, late]);
  } finally {
    timer.abort();
  }
}

const asAccount = ({ id, displayName }: LinkedAccount): Identified => ({
  holder: { kind: 'account', accountId: id },
  displayName: printable(displayName),
});

/** The same key may be on many lists: its name is its fingerprint, and each question finds the list that counts. */
const asAccessKey = (fingerprint: string, { kind, name, label }: KnownAccessKey): Identified => ({
  holder: { kind: 'access-key', fingerprint },
  displayName: printable(label) || `access key of the ${kind} ${name}`,
});

/** One short line without control characters: it is shown in somebody's terminal. */
const printable = (text: string): string =>
  text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_NAME);
