/**
 * How a person links their account of the primary: OAuth 2.0's authorization code (RFC 6749, 4.1), and what can then be
 * learnt with the account's own token.
 */
export interface OAuth {
  /** True where the primary takes PKCE (RFC 7636, S256). */
  readonly pkce: boolean;

  /** The page of the primary to which a person is sent to agree. */
  authorizeUrl(options: AuthorizeUrl): string;

  /**
   * Trades the code that the person came back with for tokens.
   *
   * @throws AntipodeError `denied` where the code is not (or no longer) good; `not_connected` where the primary does not
   *   take the mirror's own consumer; `primary_*`.
   */
  exchange(options: ExchangeCode, signal?: AbortSignal): Promise<Grant>;

  /**
   * Gets new tokens. The primary may take the old refresh token back as soon as it has answered: the new one must be
   * kept before the access token is used.
   *
   * @throws AntipodeError `denied` where the primary no longer knows the refresh token (revoked, used up);
   *   `not_connected` where it does not take the mirror's own consumer; `primary_*` where nothing is known: the
   *   answer may have been lost.
   */
  refresh(refreshToken: string, signal?: AbortSignal): Promise<Grant>;

  /** @throws AntipodeError `unauthenticated`, `denied` (missing scope), `primary_*`. */
  account(accessToken: string, signal?: AbortSignal): Promise<PrimaryAccount>;

  /**
   * All SSH keys of the account; what is no readable public key is left out.
   *
   * @throws AntipodeError like `account`.
   */
  sshKeys(accessToken: string, accountId: string, signal?: AbortSignal): Promise<AccountKey[]>;

  /** The Authorization header with which the primary's git endpoint takes the account's access token. */
  gitAuthorization(accessToken: string): string;

  /** What a grant allows, by the scopes that the primary names; undefined where it named none. */
  allows(
    grant: Grant,
  ): { readonly keys: boolean; readonly read: boolean; readonly write: boolean } | undefined;
}

export interface AuthorizeUrl {
  readonly state: string;
  readonly redirectUri: string;
  /** PKCE's S256 challenge; only where `pkce` is true. */
  readonly challenge?: string;
}

export interface ExchangeCode {
  readonly code: string;
  readonly redirectUri: string;
  /** PKCE's verifier, where a challenge was sent. */
  readonly verifier?: string;
}

export interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** How long the access token is good, in seconds from the answer. */
  readonly expiresInSeconds: number;
  readonly scopes: readonly string[];
}

export interface PrimaryAccount {
  /** The primary's UUID, lower case, without braces. */
  readonly id: string;
  readonly displayName: string;
}

export interface AccountKey {
  /** SSH's wire format (RFC 4253, 6.6). */
  readonly publicKey: Buffer;
  readonly expiresOn?: Date;
}
