import type { Settings, State, Token } from '../state/model.js';
import type { Principal } from './principal.js';

/**
 * Which form of a credential works where (bitbucket-cloud.md §6.1): REST and git accept different
 * usernames for the same token, so neither door can judge the other's form.
 */
type Parsed =
  | { scheme: 'none' }
  | { scheme: 'basic'; username: string; secret: string }
  | { scheme: 'bearer'; secret: string }
  | { scheme: 'unknown' };

export function parseAuthorization(header: string | undefined): Parsed {
  if (header === undefined) return { scheme: 'none' };
  const [scheme = '', rest = ''] = header.trim().split(/\s+/, 2);
  if (scheme.toLowerCase() === 'bearer' && rest) return { scheme: 'bearer', secret: rest };
  if (scheme.toLowerCase() !== 'basic') return { scheme: 'unknown' };
  const text = Buffer.from(rest, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return { scheme: 'unknown' };
  return { scheme: 'basic', username: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** The principal, or undefined for a credential that REST refuses with 401. */
export function authenticateRest(
  state: State,
  header: string | undefined,
  address: string,
): Principal | undefined {
  const parsed = parseAuthorization(header);
  switch (parsed.scheme) {
    case 'none':
      return { kind: 'anonymous', address };
    case 'unknown':
      return undefined;
    case 'bearer':
      return accessToken(liveToken(state, parsed.secret));
    case 'basic': {
      const principal = apiToken(state, liveToken(state, parsed.secret));
      // The Atlassian e-mail is the only username; the Bitbucket username gets 401 here.
      return principal?.user.email.toLowerCase() === parsed.username.toLowerCase() ? principal : undefined;
    }
  }
}

/** The principal, or undefined for a credential that the git endpoints refuse with 401. */
export function authenticateGit(
  state: State,
  header: string | undefined,
  address: string,
): Principal | undefined {
  const parsed = parseAuthorization(header);
  switch (parsed.scheme) {
    case 'none':
      return { kind: 'anonymous', address };
    case 'unknown':
      return undefined;
    case 'bearer':
      return state.settings.bearerOnGit ? accessToken(liveToken(state, parsed.secret)) : undefined;
    case 'basic':
      return gitBasic(state, parsed.username, parsed.secret);
  }
}

function gitBasic(state: State, username: string, secret: string): Principal | undefined {
  const token = liveToken(state, secret);
  if (username === 'x-token-auth') return accessToken(token);
  const principal = apiToken(state, token);
  const allowed = ['x-bitbucket-api-token-auth', principal?.user.username];
  return allowed.includes(username) ? principal : undefined;
}

const accessToken = (token: Token | undefined): Principal | undefined =>
  token && token.kind !== 'api' ? { kind: 'access-token', token } : undefined;

function apiToken(state: State, token: Token | undefined): (Principal & { kind: 'user' }) | undefined {
  if (token?.kind !== 'api') return undefined;
  const user = state.users.find((u) => u.uuid === token.ownerUuid);
  return user && { kind: 'user', user, token };
}

function liveToken(state: State, secret: string): Token | undefined {
  return state.tokens.find((token) => token.secret === secret && isLive(token, new Date()));
}

export const isLive = (token: Token, now: Date): boolean =>
  token.revokedOn === null && (token.expiresOn === null || new Date(token.expiresOn) > now);

/** What an anonymous caller on a public repository with a bad credential meets is a setting. */
export const mayIgnoreBadCredential = (settings: Settings): boolean => settings.badCredentialOnPublic === 200;
