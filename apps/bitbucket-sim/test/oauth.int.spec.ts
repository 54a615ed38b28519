import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { authorizeAs, tryGit } from '@antipode/testing';
import { basic, SimUnderTest } from './open-sim.js';

const SCOPES = [
  'account',
  'repository',
  'repository:write',
  'repository:admin',
  'project',
  'project:admin',
  'webhook',
];
const CALLBACK = 'http://127.0.0.1:1/callback';

describe('OAuth 2.0', () => {
  let sim: SimUnderTest;
  let consumer: { url: string; key: string; secret: string };

  beforeAll(async () => {
    sim = await SimUnderTest.open();
    consumer = (await sim.control('GET', '/state')).oauth;
  });
  afterAll(() => sim[Symbol.asyncDispose]());
  beforeEach(() =>
    sim.control('PATCH', '/settings', { oauthTokenLifetimeSeconds: 7200, oauthRefreshGraceMs: 5000 }),
  );

  const authorizeUrl = (more: Record<string, string> = {}): string => {
    const query = { client_id: consumer.key, response_type: 'code', state: 's<&>', redirect_uri: CALLBACK };
    return `${sim.url}/site/oauth2/authorize?${new URLSearchParams({ ...query, ...more }).toString()}`;
  };
  const consent = async (user = 'walter', more: Record<string, string> = {}) =>
    new URL(await authorizeAs(sim.user(user), authorizeUrl(more))).searchParams.get('code') ?? '';
  const ask = async (form: Record<string, string>, secret = consumer.secret) => {
    const answer = await fetch(`${sim.url}/site/oauth2/access_token`, {
      method: 'POST',
      headers: { authorization: basic(consumer.key, secret) },
      body: new URLSearchParams(form),
    });
    return { status: answer.status, headers: answer.headers, json: (await answer.json()) as any }; // eslint-disable-line @typescript-eslint/no-explicit-any -- answers are what the test is about
  };
  const exchange = (code: string, more: Record<string, string> = {}) =>
    ask({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...more });
  const refresh = (token: string) => ask({ grant_type: 'refresh_token', refresh_token: token });
  const bearer = async (token: string, path: string, method = 'GET') =>
    (await sim.rest(method, path, { headers: { authorization: `Bearer ${token}` } })).status;
  const tokens = async (user?: string) => (await exchange(await consent(user))).json;

  it('shows a page on which a person says yes, and hands the code and the state back', async () => {
    const page = await (await fetch(authorizeUrl())).text();
    const back = new URL(await authorizeAs(sim.user('walter'), authorizeUrl()));

    expect(page).toContain('<strong>Antipode</strong> is requesting access');
    expect(page).toContain('Rita Reader');
    expect(page).not.toContain('s<&>');
    expect(`${back.origin}${back.pathname}`).toBe(CALLBACK);
    expect(back.searchParams.get('state')).toBe('s<&>');
    expect(back.searchParams.get('code')).toMatch(/^[\w-]{43}$/);
  });

  it('takes a no, and nobody who is not who they say', async () => {
    const back = new URL(await authorizeAs(sim.user('walter'), authorizeUrl(), 'deny'));
    const impostor = { username: 'olivia', apiToken: sim.user('walter').apiToken };

    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(back.searchParams.get('state')).toBe('s<&>');
    await expect(authorizeAs(impostor, authorizeUrl())).rejects.toThrow(/403/);
  });

  it('gives tokens for a code, once', async () => {
    const code = await consent();
    const first = await exchange(code);
    const second = await exchange(code);

    expect(first.status).toBe(200);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.json).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      scope: SCOPES.join(' '),
      expires_in: 7200,
      token_type: 'bearer',
      state: 'authorization_code',
    });
    expect([second.status, second.json.error]).toEqual([400, 'invalid_grant']);
  });

  it.each([
    ['another redirect_uri', {}, { redirect_uri: 'http://127.0.0.1:2/' }],
    ['no verifier', { code_challenge: 'abc', code_challenge_method: 'S256' }, {}],
    ['a wrong verifier', { code_challenge: 'abc', code_challenge_method: 'S256' }, { code_verifier: 'abc' }],
  ])('refuses a code with %s', async (_what, asked, exchanged) => {
    const { status, json } = await exchange(await consent('walter', asked), exchanged);

    expect([status, json.error]).toEqual([400, 'invalid_grant']);
  });

  it('checks PKCE', async () => {
    const verifier = randomBytes(32).toString('base64url');
    const code_challenge = createHash('sha256').update(verifier).digest('base64url');
    const code = await consent('walter', { code_challenge, code_challenge_method: 'S256' });

    expect((await exchange(code, { code_verifier: verifier })).status).toBe(200);
  });

  it('refuses what RFC 6749 refuses, in its words', async () => {
    const wrongSecret = await ask({ grant_type: 'client_credentials' }, 'wrong');
    const odd = await ask({ grant_type: 'password' });
    const none = await ask({});
    const page = await fetch(authorizeUrl({ client_id: 'nobody' }), { redirect: 'manual' });
    await sim.control('PATCH', `/oauth/consumers/${consumer.key}`, { callbackUrl: CALLBACK });
    const elsewhere = await fetch(authorizeUrl({ redirect_uri: 'http://evil.example/' }), {
      redirect: 'manual',
    });
    await sim.control('PATCH', `/oauth/consumers/${consumer.key}`, { callbackUrl: null });

    expect([wrongSecret.status, wrongSecret.json.error]).toEqual([401, 'invalid_client']);
    expect([odd.status, odd.json.error]).toEqual([400, 'unsupported_grant_type']);
    expect([none.status, none.json.error]).toEqual([400, 'invalid_request']);
    expect([page.status, page.headers.get('location')]).toEqual([400, null]);
    expect([elsewhere.status, elsewhere.headers.get('location')]).toEqual([400, null]);
  });

  it('makes the token the person, within its scopes, in the forms that the host takes', async () => {
    const { access_token: token } = await tokens('walter');
    const git = async (username: string, repository: string) =>
      (await tryGit(['ls-remote', sim.repository(repository)], { as: { username, password: token } }))
        .code === 0;
    const me = await sim.rest('GET', '/user', { headers: { authorization: `Bearer ${token}` } });
    const asBasic = await sim.rest('GET', '/user', {
      headers: { authorization: basic('walter@example.com', token) },
    });

    expect(me.json.uuid).toBe(sim.user('walter').uuid);
    expect(me.headers.get('x-oauth-scopes')).toBe(SCOPES.join(', '));
    expect(asBasic.status).toBe(401);
    expect(await bearer(token, '/repositories/acme/storefront')).toBe(200);
    expect(await bearer(token, '/repositories/acme/storefront', 'DELETE')).toBe(403);
    expect(await git('x-token-auth', 'acme/storefront')).toBe(true);
    expect(await git('walter', 'acme/storefront')).toBe(false);
  });

  it('lets a push through only with the scope to write', async () => {
    const advertisement = async (token: string) => {
      const url = `${sim.repository('acme/storefront')}/info/refs?service=git-receive-pack`;
      return (await fetch(url, { headers: { authorization: basic('x-token-auth', token) } })).status;
    };
    const writes = await advertisement((await tokens('walter')).access_token);
    const mayNot = await advertisement((await tokens('rita')).access_token);
    await sim.control('PATCH', `/oauth/consumers/${consumer.key}`, { scopes: ['account', 'repository'] });
    const lacksScope = await advertisement((await tokens('walter')).access_token);
    const scopes = SCOPES;
    await sim.control('PATCH', `/oauth/consumers/${consumer.key}`, { scopes });

    expect([writes, mayNot, lacksScope]).toEqual([200, 403, 403]);
  });

  it('rotates refresh tokens: the old one works for the grace, and then no more', async () => {
    const { refresh_token: old } = await tokens();
    const next = await refresh(old);
    const withinGrace = await refresh(old);
    await sim.control('PATCH', '/settings', { oauthRefreshGraceMs: 0 });
    const tooLate = await refresh(old);

    expect(next.json.refresh_token).not.toBe(old);
    expect(await bearer(next.json.access_token, '/user')).toBe(200);
    expect(withinGrace.status).toBe(200);
    expect([tooLate.status, tooLate.json.error]).toEqual([400, 'invalid_grant']);
    expect((await refresh(next.json.refresh_token)).status).toBe(200);
  });

  it('ends an access token when its time is over', async () => {
    await sim.control('PATCH', '/settings', { oauthTokenLifetimeSeconds: 0 });
    const { access_token: token, expires_in } = await tokens();

    expect(expires_in).toBe(0);
    expect(await bearer(token, '/user')).toBe(401);
  });

  it('forgets everything of a consent that is taken back', async () => {
    const { access_token, refresh_token } = await tokens('rita');
    const code = await consent('rita');
    await sim.control('DELETE', '/users/rita/grants');

    expect(await bearer(access_token, '/user')).toBe(401);
    expect((await refresh(refresh_token)).json.error).toBe('invalid_grant');
    expect((await exchange(code)).json.error).toBe('invalid_grant');
  });

  it('gives the application a token of its own, without a refresh token', async () => {
    const { json } = await ask({ grant_type: 'client_credentials' });

    expect(json).not.toHaveProperty('refresh_token');
    expect(await bearer(json.access_token, '/repositories/acme/storefront')).toBe(200);
  });

  it('keeps what it gave out over a restart, and counts', async () => {
    await sim.control('DELETE', '/counters');
    const { refresh_token } = await tokens('walter');
    const { oauth } = await sim.control('GET', '/counters');
    await sim.restart();

    expect((await refresh(refresh_token)).status).toBe(200);
    expect(oauth.grants).toMatchObject({ authorize: { requests: 2 }, authorization_code: { requests: 1 } });
  });
});
