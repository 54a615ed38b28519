import { newOpaque, newUuid, timestamp } from '../state/identity.js';
import type { State, Token, User } from '../state/model.js';
import type { OAuthConsumer, OAuthGrant } from '../state/oauth-model.js';

const REFRESH_LIFETIME_MS = 90 * 24 * 3_600_000;

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
export const hasPassed = (moment: string): boolean => new Date(moment).getTime() <= Date.now();

/** What the token endpoint gives out. */
export interface Issued {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly scopes: readonly string[];
}

/** One person's yes; asking again renews it. */
export function grantTo(state: State, consumer: OAuthConsumer, user: User): OAuthGrant {
  const known = state.oauth.grants.find((one) => one.consumer === consumer.key && one.userUuid === user.uuid);
  if (known) return Object.assign(known, { scopes: [...consumer.scopes] });
  const grant: OAuthGrant = {
    id: newUuid().slice(1, -1),
    consumer: consumer.key,
    userUuid: user.uuid,
    scopes: [...consumer.scopes],
    grantedOn: timestamp(),
  };
  state.oauth.grants.push(grant);
  return grant;
}

/** An access token for the person, and the means to get the next one. */
export function issueForUser(state: State, grant: OAuthGrant): Issued {
  const refreshToken = newOpaque();
  state.oauth.refreshTokens.push({
    secret: refreshToken,
    grantId: grant.id,
    expiresOn: inMs(REFRESH_LIFETIME_MS),
    replacedOn: null,
  });
  const accessToken = addToken(state, {
    kind: 'oauth',
    ownerUuid: grant.userUuid,
    scopes: grant.scopes,
    consumer: grant.consumer,
    grantId: grant.id,
  });
  return { accessToken, refreshToken, scopes: grant.scopes };
}

/** An access token of the application's own; there is no refresh token since 2026-05-04. */
export function issueForConsumer(state: State, consumer: OAuthConsumer): Issued {
  const { scopes, key, workspaceUuid } = consumer;
  const accessToken = addToken(state, { kind: 'consumer', ownerUuid: workspaceUuid, scopes, consumer: key });
  return { accessToken, scopes };
}

function addToken(
  state: State,
  token: Pick<Token, 'kind' | 'ownerUuid' | 'scopes' | 'grantId'> & { consumer: string },
): string {
  const secret = newOpaque();
  // They are many and short-lived; the dead ones tell nobody anything.
  state.tokens = state.tokens.filter(
    (one) => one.consumer === undefined || one.expiresOn === null || !hasPassed(one.expiresOn),
  );
  state.tokens.push({
    ...token,
    scopes: [...token.scopes],
    id: newUuid().slice(1, -1),
    secret,
    name: consumerName(state, token.consumer),
    expiresOn: inMs(state.settings.oauthTokenLifetimeSeconds * 1000),
    revokedOn: null,
  });
  return secret;
}

const consumerName = (state: State, key: string): string =>
  state.oauth.consumers.find((one) => one.key === key)?.name ?? key;

/** Takes a person's consent back: nothing that follows from it works any more. @returns ids of the tokens that died */
export function revokeGrants(state: State, user: User): string[] {
  const gone = new Set(state.oauth.grants.filter((one) => one.userUuid === user.uuid).map(({ id }) => id));
  const isGone = ({ grantId }: { grantId?: string }): boolean => grantId !== undefined && gone.has(grantId);
  const dead = state.tokens.filter(isGone).map(({ id }) => id);
  state.tokens = state.tokens.filter((one) => !isGone(one));
  state.oauth.grants = state.oauth.grants.filter(({ id }) => !gone.has(id));
  state.oauth.codes = state.oauth.codes.filter((one) => !isGone(one));
  state.oauth.refreshTokens = state.oauth.refreshTokens.filter((one) => !isGone(one));
  return dead;
}
