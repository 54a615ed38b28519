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

/** How one of the doors reads a credential; undefined is 401. */
interface Reading {
  readonly bearer: (token: Token | undefined) => Principal | undefined;
  readonly basic: (username: string, token: Token | undefined) => Principal | undefined;
}

function authenticate(
  state: State,
  header: string | undefined,
  address: string,
  reading: Reading,
): Principal | undefined {
  const parsed = parseAuthorization(header);
  switch (parsed.scheme) {
    case 'none':
      return { kind: 'anonymous', address };
    case 'unknown':
      return undefined;
    case 'bearer':
      return reading.bearer(liveToken(state, parsed.secret));
    case 'basic':
      return reading.basic(parsed.username, liveToken(state, parsed.secret));
  }
}

/** The principal, or undefined for a credential that REST refuses with 401. */
export const authenticateRest = (state: State, header: string | undefined, address: string) =>
  authenticate(state, header, address, {
    bearer: (token) => accessToken(state, token),
    basic: (username, token) => {
      const principal = apiToken(state, token);
      // The Atlassian e-mail is the only username; the Bitbucket username gets 401 here.
      return principal?.user.email.toLowerCase() === username.toLowerCase() ? principal : undefined;
    },
  });

/** The principal, or undefined for a credential that the git endpoints refuse with 401. */
export const authenticateGit = (state: State, header: string | undefined, address: string) =>
  authenticate(state, header, address, {
    bearer: (token) => (state.settings.bearerOnGit ? accessToken(state, token) : undefined),
    basic: (username, token) => {
      if (username === 'x-token-auth') return accessToken(state, token);
      const principal = apiToken(state, token);
      const allowed = ['x-bitbucket-api-token-auth', principal?.user.username];
      return allowed.includes(username) ? principal : undefined;
    },
  });

/** Everything but API tokens: access tokens of resources, and what OAuth has given out. */
function accessToken(state: State, token: Token | undefined): Principal | undefined {
  if (token === undefined || token.kind === 'api') return undefined;
  return token.kind === 'oauth' ? tokenOfUser(state, token) : { kind: 'access-token', token };
}

const apiToken = (state: State, token: Token | undefined) =>
  token?.kind === 'api' ? tokenOfUser(state, token) : undefined;

function tokenOfUser(state: State, token: Token): (Principal & { kind: 'user' }) | undefined {
  const user = state.users.find((one) => one.uuid === token.ownerUuid);
  return user && { kind: 'user', user, token };
}

function liveToken(state: State, secret: string): Token | undefined {
  return state.tokens.find((token) => token.secret === secret && isLive(token, new Date()));
}

export const isLive = (token: Token, now: Date): boolean =>
  token.revokedOn === null && (token.expiresOn === null || new Date(token.expiresOn) > now);

/** What an anonymous caller on a public repository with a bad credential meets is a setting. */
export const mayIgnoreBadCredential = (settings: Settings): boolean => settings.badCredentialOnPublic === 200;
