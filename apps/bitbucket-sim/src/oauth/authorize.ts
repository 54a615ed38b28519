import { isLive } from '../access/authenticate.js';
import { newOpaque } from '../state/identity.js';
import type { State, User } from '../state/model.js';
import type { OAuthCode, OAuthConsumer } from '../state/oauth-model.js';
import { grantTo } from './grants.js';
import { OAuthError } from './oauth-error.js';

/** A request for somebody's consent (RFC 6749 §4.1.1, RFC 7636 §4.3), checked. */
export interface ConsentRequest {
  readonly consumer: OAuthConsumer;
  readonly callback: URL;
  readonly state: string | null;
  readonly redirectUri: string | null;
  readonly challenge: OAuthCode['challenge'];
}

/**
 * What is wrong before the callback is known to be the application's is for the page; everything later is for the
 * application itself.
 *
 * @throws OAuthError for the page
 */
export function readConsentRequest(state: State, query: URLSearchParams): ConsentRequest {
  const consumer = state.oauth.consumers.find(({ key }) => key === query.get('client_id'));
  if (!consumer) throw new OAuthError('invalid_client', 'Invalid client_id');
  const redirectUri = query.get('redirect_uri');
  const target = redirectUri ?? consumer.callbackUrl;
  const isAllowed = consumer.callbackUrl === null || (target?.startsWith(consumer.callbackUrl) ?? false);
  if (target === null || !URL.canParse(target) || !isAllowed)
    throw new OAuthError('invalid_request', 'redirect_uri does not match the callback of this consumer');
  return {
    consumer,
    callback: new URL(target),
    state: query.get('state'),
    redirectUri,
    challenge: readChallenge(query),
  };
}

function readChallenge(query: URLSearchParams): OAuthCode['challenge'] {
  const value = query.get('code_challenge');
  if (value === null) return null;
  return { method: query.get('code_challenge_method') === 'S256' ? 'S256' : 'plain', value };
}

/** By username and API token: these are the passwords that there are. */
export function signIn(state: State, username: string | null, secret: string | null): User | undefined {
  const user = state.users.find((one) => one.username === username);
  const token = state.tokens.find((one) => one.kind === 'api' && one.secret === secret);
  return user && token?.ownerUuid === user.uuid && isLive(token, new Date()) ? user : undefined;
}

/** The person says yes. @returns where their browser goes, with the code */
export function allow(state: State, request: ConsentRequest, user: User): URL {
  const code: OAuthCode = {
    code: newOpaque(),
    grantId: grantTo(state, request.consumer, user).id,
    redirectUri: request.redirectUri,
    challenge: request.challenge,
    expiresOn: new Date(Date.now() + state.settings.oauthCodeLifetimeSeconds * 1000).toISOString(),
  };
  state.oauth.codes.push(code);
  return callbackWith(request, { code: code.code });
}

export const deny = (request: ConsentRequest, error: OAuthError): URL =>
  callbackWith(request, { error: error.code, error_description: error.message });

function callbackWith({ callback, state }: ConsentRequest, members: Readonly<Record<string, string>>): URL {
  const url = new URL(callback);
  if (state !== null) url.searchParams.set('state', state);
  for (const [name, value] of Object.entries(members)) url.searchParams.set(name, value);
  return url;
}
