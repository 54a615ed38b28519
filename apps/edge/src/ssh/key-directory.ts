import { LRUCache } from 'lru-cache';
import type { auth } from '@antipode/contracts';
import { callUnary } from '@antipode/rpc';

/** Somebody who is known by a key. */
export interface KnownHolder {
  readonly holder: auth.KeyHolder;
  readonly displayName: string;
}

export interface KeyDirectoryOptions {
  readonly client: auth.AuthServiceClient;
  readonly timeoutMs: number;
  /** How long a known key is remembered; an unknown one never is: it may be added at any moment. */
  readonly rememberMs: number;
}

const MAX_ENTRIES = 10_000;

/** Whose key is this? Auth knows; a login asks twice (offer, signature) and so do the many logins of one build. */
export class KeyDirectory {
  private readonly remembered: LRUCache<string, KnownHolder>;

  constructor(private readonly options: KeyDirectoryOptions) {
    this.remembered = new LRUCache({ max: MAX_ENTRIES, ttl: options.rememberMs });
  }

  /**
   * Undefined for a key that nobody known here has. Knowing a key proves nothing yet.
   *
   * @throws AntipodeError `too_many_failures`, or a *cannot*.
   */
  async find(publicKey: Buffer, clientAddress: string): Promise<KnownHolder | undefined> {
    const name = publicKey.toString('base64');
    const known = this.remembered.get(name);
    if (known) return known;
    const { client, timeoutMs } = this.options;
    const answer = await callUnary(client, 'identifyKey', { publicKey, clientAddress }, { timeoutMs });
    if (!answer.holder) return undefined;
    const found = { holder: answer.holder, displayName: answer.displayName };
    this.remembered.set(name, found);
    return found;
  }
}
