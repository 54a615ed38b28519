import { createHash } from 'node:crypto';
import type { State } from '../state/model.js';
import type { OAuthCode, OAuthConsumer, OAuthGrant } from '../state/oauth-model.js';
import { parseAuthorization } from '../access/authenticate.js';
import { hasPassed, issueForConsumer, issueForUser, type Issued } from './grants.js';
import { OAuthError } from './oauth-error.js';

/** What each grant type gives for a form. @throws OAuthError */
const GRANTS: Readonly<
  Record<string, (state: State, consumer: OAuthConsumer, form: URLSearchParams) => Issued>
> = {
  authorization_code: exchangeCode,
  refresh_token: refresh,
  client_credentials: (state, consumer) => issueForConsumer(state, consumer),
};

/** The JSON of RFC 6749 §5.1, with Bitbucket's members (§6.2). @throws OAuthError */
export function answerTokenRequest(state: State, authorization: string | undefined, form: URLSearchParams) {
  const consumer = authenticateClient(state, authorization, form);
  const type = form.get('grant_type') ?? '';
  const give = Object.hasOwn(GRANTS, type) ? GRANTS[type] : undefined;
  if (!give) {
    if (type === '') throw new OAuthError('invalid_request', 'grant_type is missing');
    throw new OAuthError('unsupported_grant_type', `unsupported grant type: ${type}`);
  }
  const { accessToken, refreshToken, scopes } = give(state, consumer, form);
  return {
    access_token: accessToken,
    scope: scopes.join(' '),
    expires_in: state.settings.oauthTokenLifetimeSeconds,
    token_type: 'bearer',
    state: type,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  };
}

/** Basic, or the two members of the form (RFC 6749 §2.3.1). */
function authenticateClient(
  state: State,
  authorization: string | undefined,
  form: URLSearchParams,
): OAuthConsumer {
  const basic = parseAuthorization(authorization);
  const [key, secret] =
    basic.scheme === 'basic'
      ? [basic.username, basic.secret].map(decodeForm)
      : [form.get('client_id'), form.get('client_secret')];
  const consumer = state.oauth.consumers.find((one) => one.key === key && one.secret === secret);
  if (!consumer) throw new OAuthError('invalid_client', 'Invalid OAuth client credentials');
  return consumer;
}

const decodeForm = (text: string): string | null => new URLSearchParams(`x=${text}`).get('x');

function exchangeCode(state: State, consumer: OAuthConsumer, form: URLSearchParams): Issued {
  const { oauth } = state;
  const code = oauth.codes.find((one) => one.code === form.get('code'));
  const grant = code && grantOf(state, code, consumer);
  if (!grant) throw new OAuthError('invalid_grant', 'The specified code is not valid.');
  // Used up also by an attempt that fails: it has been seen by somebody who should not have it.
  oauth.codes = oauth.codes.filter((one) => one !== code);
  if (hasPassed(code.expiresOn)) throw new OAuthError('invalid_grant', 'The specified code is expired.');
  if (code.redirectUri !== null && code.redirectUri !== form.get('redirect_uri'))
    throw new OAuthError('invalid_grant', 'redirect_uri does not match');
  if (!isVerified(code, form.get('code_verifier')))
    throw new OAuthError('invalid_grant', 'code_verifier does not match');
  return issueForUser(state, grant);
}

/** RFC 7636 §4.6 */
function isVerified({ challenge }: OAuthCode, verifier: string | null): boolean {
  if (challenge === null) return true;
  if (verifier === null) return false;
  if (challenge.method === 'plain') return challenge.value === verifier;
  return challenge.value === createHash('sha256').update(verifier).digest('base64url');
}

/** Each use returns a new one and kills the old shortly after. */
function refresh(state: State, consumer: OAuthConsumer, form: URLSearchParams): Issued {
  const graceMs = state.settings.oauthRefreshGraceMs;
  const token = state.oauth.refreshTokens.find((one) => one.secret === form.get('refresh_token'));
  const grant = token && grantOf(state, token, consumer);
  const isDead =
    !token ||
    hasPassed(token.expiresOn) ||
    (token.replacedOn !== null && Date.now() - new Date(token.replacedOn).getTime() >= graceMs);
  if (!grant || isDead) throw new OAuthError('invalid_grant', 'Invalid refresh_token');
  token.replacedOn ??= new Date().toISOString();
  return issueForUser(state, grant);
}

const grantOf = (
  state: State,
  { grantId }: { grantId: string },
  consumer: OAuthConsumer,
): OAuthGrant | undefined =>
  state.oauth.grants.find(({ id, consumer: key }) => id === grantId && key === consumer.key);
