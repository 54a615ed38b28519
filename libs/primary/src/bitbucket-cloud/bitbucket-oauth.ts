import { request, type Dispatcher } from 'undici';
import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import { basic } from '../http/basic.js';
import { connectionError } from '../http/connection-error.js';
import { readBounded } from '../http/read-bounded.js';
import { USER_AGENT } from '../http/request-headers.js';
import type { AccountKey, AuthorizeUrl, ExchangeCode, Grant, OAuth, PrimaryAccount } from '../oauth.js';
import { readPublicKey } from '../read-public-key.js';
import { gitAuthorization } from './git-credentials.js';
import type { RestClient } from './rest/rest-client.js';
import { accountShape, sshKeyShape } from './shapes.js';

const LARGEST_ANSWER_BYTES = 64 * 1024;
const DOING = 'asking the primary for tokens';
/** What Bitbucket's documentation promises at the least, for an answer that does not say. */
const SHORTEST_LIFE_SECONDS = 3600;

const answerShape = z.object({
  access_token: z.string().min(1).max(8192),
  refresh_token: z.string().min(1).max(8192),
  expires_in: z.number().positive().optional(),
  /** `scopes` until May 2026. */
  scope: z.string().optional(),
  scopes: z.string().optional(),
});

const errorShape = z.object({ error: z.string() });

export interface BitbucketOAuthOptions {
  /** https://bitbucket.org/site/oauth2 */
  readonly base: string;
  /** Key of the mirror's OAuth consumer; its scopes are fixed there. */
  readonly key: string;
  /** Read anew each time. */
  readonly secret: () => Promise<string>;
  readonly pkce: boolean;
  readonly agent: Dispatcher;
  readonly timeoutMs: number;
}

/** Bitbucket Cloud's OAuth 2.0 (not auth.atlassian.com's), by hand: two calls. Refresh tokens rotate. */
export class BitbucketOAuth implements OAuth {
  readonly pkce: boolean;

  constructor(
    private readonly options: BitbucketOAuthOptions,
    private readonly rest: RestClient,
  ) {
    this.pkce = options.pkce;
  }

  authorizeUrl({ state, redirectUri, challenge }: AuthorizeUrl): string {
    const query = new URLSearchParams({
      client_id: this.options.key,
      response_type: 'code',
      redirect_uri: redirectUri,
      state,
      ...(challenge === undefined ? {} : { code_challenge: challenge, code_challenge_method: 'S256' }),
    });
    return `${this.options.base}/authorize?${query.toString()}`;
  }

  exchange({ code, redirectUri, verifier }: ExchangeCode, signal?: AbortSignal): Promise<Grant> {
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      ...(verifier === undefined ? {} : { code_verifier: verifier }),
    };
    return this.ask(form, signal);
  }

  refresh(refreshToken: string, signal?: AbortSignal): Promise<Grant> {
    return this.ask({ grant_type: 'refresh_token', refresh_token: refreshToken }, signal);
  }

  async account(accessToken: string, signal?: AbortSignal): Promise<PrimaryAccount> {
    const call = { credential: { token: accessToken }, signal };
    const user = await this.rest.one('/user', accountShape, call);
    return { id: user.uuid, displayName: user.display_name ?? user.nickname ?? user.uuid };
  }

  async sshKeys(accessToken: string, accountId: string, signal?: AbortSignal): Promise<AccountKey[]> {
    const path = `/users/${encodeURIComponent(`{${accountId}}`)}/ssh-keys`;
    const keys: AccountKey[] = [];
    const call = { credential: { token: accessToken }, signal };
    for await (const page of this.rest.pages(path, { pagelen: '100' }, sshKeyShape, call)) {
      keys.push(...page.flatMap(readKey));
    }
    return keys;
  }

  gitAuthorization(accessToken: string): string {
    return gitAuthorization({ token: accessToken });
  }

  /** `repository:write` implies `repository`, and so do `pullrequest` and `project`; admin scopes imply nothing. */
  allows({ scopes }: Grant): { keys: boolean; read: boolean; write: boolean } | undefined {
    if (scopes.length === 0) return undefined;
    const has = (...some: string[]): boolean => some.some((scope) => scopes.includes(scope));
    const write = has('repository:write', 'pullrequest:write');
    return {
      keys: has('account', 'account:write'),
      read: write || has('repository', 'pullrequest', 'project'),
      write,
    };
  }

  /** Never asked twice by itself: a refresh token may be used up although no answer came. */
  private async ask(form: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Grant> {
    const { base, key, secret, agent, timeoutMs } = this.options;
    const authorization = basic(key, await secret());
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const response = await request(`${base}/access_token`, {
        dispatcher: agent,
        method: 'POST',
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        headers: {
          'user-agent': USER_AGENT,
          accept: 'application/json',
          authorization,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams(form).toString(),
      });
      return await readGrant(response);
    } catch (error) {
      throw error instanceof AntipodeError ? error : connectionError(error, DOING, signal);
    }
  }
}

async function readGrant({ statusCode: status, headers, body }: Dispatcher.ResponseData): Promise<Grant> {
  const { bytes } = await readBounded(body, LARGEST_ANSWER_BYTES);
  const answer = parseJson(bytes);
  if (status !== 200) throw refusal(status, answer, headers['retry-after']);
  const grant = answerShape.safeParse(answer);
  if (!grant.success) {
    // The names of what is missing; never what is there.
    const missing = grant.error.issues.map(({ path }) => path.join('.'));
    throw new AntipodeError('primary_misbehaved', DOING, { status, missing });
  }
  const { access_token, refresh_token, expires_in, scope, scopes } = grant.data;
  return {
    accessToken: access_token,
    refreshToken: refresh_token,
    expiresInSeconds: expires_in ?? SHORTEST_LIFE_SECONDS,
    scopes: (scope ?? scopes ?? '').split(/[\s,]+/).filter(Boolean),
  };
}

/** RFC 6749, 5.2. The consumer's fault must not look like the person's: their link would be ended for nothing. */
function refusal(status: number, answer: unknown, retryAfter: unknown): AntipodeError {
  const error = errorShape.safeParse(answer).data?.error ?? '';
  const context = { status, error: /^[a-z_]{1,64}$/.test(error) ? error : '' };
  if (status === 429) return new AntipodeError('primary_limited', DOING, { ...context, retryAfter });
  if (status >= 500) return new AntipodeError('primary_unavailable', DOING, context);
  if (error === 'invalid_grant' || error === 'access_denied')
    return new AntipodeError('denied', DOING, context);
  if (status === 401 || error === 'invalid_client' || error === 'unauthorized_client') {
    const hint = 'The primary does not take PRIMARY_OAUTH_KEY with the secret in PRIMARY_OAUTH_SECRET_FILE.';
    return new AntipodeError('not_connected', DOING, context, { hint });
  }
  return new AntipodeError('primary_misbehaved', DOING, context);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A key whose end cannot be read has ended: nobody promised that it goes on. */
function readKey({ key, expires_on: end }: z.infer<typeof sshKeyShape>): AccountKey[] {
  const publicKey = readPublicKey(key);
  if (!publicKey) return [];
  if (end === undefined || end === null) return [{ publicKey }];
  const expiresOn = new Date(end);
  return Number.isNaN(expiresOn.getTime()) ? [] : [{ publicKey, expiresOn }];
}
