/** An application that may ask people to let it act for them. */
export interface OAuthConsumer {
  key: string;
  secret: string;
  name: string;
  /** Where the browser is sent back to: what an application asks for must begin with it. Null: not checked. */
  callbackUrl: string | null;
  /** Fixed here; those in a request count for nothing. */
  scopes: string[];
  workspaceUuid: string;
}

/** One person's yes to one application. */
export interface OAuthGrant {
  id: string;
  consumer: string;
  userUuid: string;
  scopes: string[];
  grantedOn: string;
}

export interface OAuthCode {
  code: string;
  grantId: string;
  /** As it was in the request; the exchange must repeat it. */
  redirectUri: string | null;
  /** RFC 7636 */
  challenge: { method: 'S256' | 'plain'; value: string } | null;
  expiresOn: string;
}

export interface OAuthRefreshToken {
  secret: string;
  grantId: string;
  /** Unused, it dies three months later. */
  expiresOn: string;
  /** It has been used: from here on it lives for the grace only. */
  replacedOn: string | null;
}

export interface OAuthState {
  consumers: OAuthConsumer[];
  grants: OAuthGrant[];
  codes: OAuthCode[];
  refreshTokens: OAuthRefreshToken[];
}
