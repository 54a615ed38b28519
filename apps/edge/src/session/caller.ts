import type { auth } from '@antipode/contracts';
import type { RepositoryPath, Right } from '@antipode/domain';

/** Who knocks, as far as the door could find out by itself. What a caller may do is never decided here. */
export type Caller =
  | { readonly kind: 'anonymous' }
  /** Whoever showed an Authorization header: kept byte for byte. */
  | { readonly kind: 'credential'; readonly authorization: string }
  /** Whoever proved to hold an SSH key that is known. */
  | { readonly kind: 'holder'; readonly holder: auth.KeyHolder; readonly displayName: string }
  /** Whoever lends us an SSH agent: for this connection only, and without an identity. */
  | { readonly kind: 'agent'; readonly oracle: Oracle };

export const ANONYMOUS: Caller = { kind: 'anonymous' };

/** The primary's own answer to whoever holds the keys of a forwarded agent. */
export interface Oracle {
  /** A meaningless name of this connection's agent, for logs and limits. */
  readonly principal: string;
  /**
   * Returns where the primary lets the agent's keys in. Verdicts must not outlive the connection.
   *
   * @throws AntipodeError `not_found`, `denied`, `unauthenticated`, or a *cannot*.
   */
  authorize(path: RepositoryPath, right: Right, signal: AbortSignal): Promise<void>;
  /** The primary has just said otherwise. */
  forget(path: RepositoryPath, right: Right): void;
}

/** What a caller's credential is to a map's key: no two callers share a text. Holds the credential: never log it. */
export function writeCallerKey(caller: Exclude<Caller, { kind: 'agent' }>): string {
  switch (caller.kind) {
    case 'anonymous':
      return '-';
    case 'credential':
      return `+${caller.authorization}`;
    case 'holder': {
      const { holder } = caller.holder;
      return holder ? `${holder.$case}:${holder.value}` : '-';
    }
  }
}
