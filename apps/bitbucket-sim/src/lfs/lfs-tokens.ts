import type { KeyHolder } from '../access/principal.js';
import { newOpaque } from '../state/identity.js';
import type { LfsOperation } from './lfs-counts.js';

/** What `git-lfs-authenticate` allows its holder, and no more than that. */
export interface LfsGrant {
  readonly holder: KeyHolder;
  readonly repositoryUuid: string;
  readonly operation: LfsOperation;
  /** Unix time in milliseconds. */
  readonly expires: number;
}

/** Short-lived tokens for the LFS API, given out over SSH. They live in memory. */
export class LfsTokens {
  readonly #grants = new Map<string, LfsGrant>();

  /** @returns the value of the Authorization header */
  give(grant: LfsGrant): string {
    for (const [secret, { expires }] of this.#grants) if (expires <= Date.now()) this.#grants.delete(secret);
    const secret = newOpaque();
    this.#grants.set(secret, grant);
    return `JWT ${secret}`;
  }

  /** `unknown` is none of ours, or one that has expired; undefined: another kind of credential. */
  find(authorization: string | undefined): LfsGrant | 'unknown' | undefined {
    const secret = /^JWT (\S+)$/i.exec(authorization ?? '')?.[1];
    if (secret === undefined) return undefined;
    const grant = this.#grants.get(secret);
    return grant && grant.expires > Date.now() ? grant : 'unknown';
  }
}
