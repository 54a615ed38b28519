/**
 * A person's account of the primary, linked by that person.
 *
 *   (nobody) ──link──▶ linked ──revoked, or a refresh's answer lost for good──▶ broken ──link──▶ linked
 *                        └──────────────unlink──────────▶ (nobody) ◀──unlink──────┘
 */
export type LinkState =
  | { readonly kind: 'linked' }
  /** revoked: the primary no longer knows the grant. lost: it does not know the token that we have, because the answer
   * that held the next one never arrived. */
  | { readonly kind: 'broken'; readonly why: BrokenWhy };

export type BrokenWhy = 'revoked' | 'lost';

export interface LinkedAccount {
  /** The primary's UUID, lower case, without braces. */
  readonly id: string;
  readonly displayName: string;
  readonly linkedAt: Date;
  readonly state: LinkState;
  /** Whether the person let the mirror push on their behalf. */
  readonly mayWrite: boolean;
  readonly keysReadAt: Date | undefined;
  readonly keysErrorCode: string | undefined;
  /** The mirror's connection was last given this account's token about then. */
  readonly lentAt: Date | undefined;
}

export interface KnownKey {
  /** SHA-256 as ssh-keygen shows it, without "SHA256:". */
  readonly fingerprint: string;
  readonly knownSince: Date;
  readonly expiresOn: Date | undefined;
}
