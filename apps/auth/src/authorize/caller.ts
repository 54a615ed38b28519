import type { Names } from '../verdicts/names.js';

/** Who asks: with nothing, with a credential of the primary's own, or as the proven holder of an SSH key. */
export type Caller =
  | { readonly kind: 'anonymous' }
  /** The Authorization header, byte for byte. */
  | { readonly kind: 'credential'; readonly authorization: string }
  | { readonly kind: 'account'; readonly accountId: string }
  /** An access key of a repository or project. */
  | { readonly kind: 'access-key'; readonly fingerprint: string };

export type Holder = Extract<Caller, { kind: 'account' | 'access-key' }>;

/** A stable, meaningless name; '' for an anonymous caller. */
export function principalOf(caller: Caller, names: Names): string {
  switch (caller.kind) {
    case 'anonymous':
      return '';
    case 'credential':
      return names.principal(caller.authorization);
    case 'account':
      return names.holder('account', caller.accountId);
    case 'access-key':
      return names.holder('access-key', caller.fingerprint);
  }
}
