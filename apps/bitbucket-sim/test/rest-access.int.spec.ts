import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { basic, SimUnderTest } from './open-sim.js';

describe('REST access', () => {
  let sim: SimUnderTest;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
  });
  afterAll(() => sim[Symbol.asyncDispose]());
  beforeEach(() => sim.control('DELETE', '/rate-limits'));

  const as = (authorization: string, path = '/user') => sim.rest('GET', path, { headers: { authorization } });

  it.each([
    [
      'the Atlassian e-mail',
      (s: SimUnderTest) => basic('olivia@example.com', s.user('olivia').apiToken),
      200,
    ],
    ['the Bitbucket username', (s: SimUnderTest) => basic('olivia', s.user('olivia').apiToken), 401],
    [
      "git's static username",
      (s: SimUnderTest) => basic('x-bitbucket-api-token-auth', s.user('olivia').apiToken),
      401,
    ],
    ['an API token as Bearer', (s: SimUnderTest) => `Bearer ${s.user('olivia').apiToken}`, 401],
    ['an access token in its git form', (s: SimUnderTest) => basic('x-token-auth', s.mirrorToken), 401],
    ['a made-up token', () => 'Bearer nonsense', 401],
    ['another scheme', () => 'Digest x', 401],
  ])('judges %s', async (_what, authorization, status) => {
    const answer = await as(authorization(sim));

    expect(answer.status).toBe(status);
    if (status === 401)
      expect(answer.json.error.message).toBe(
        'Token is invalid, expired, or not supported for this endpoint.',
      );
  });

  it('says which scopes were granted, wanted and missing', async () => {
    const answer = await sim.get('/user', 'mirror');

    expect(answer.status).toBe(403);
    expect(answer.json).toEqual({
      type: 'error',
      error: {
        message: 'Your credentials lack one or more required privilege scopes.',
        detail: {
          granted: ['project', 'project:admin', 'repository', 'repository:admin', 'webhook'],
          required: ['account'],
        },
      },
    });
    const fine = await sim.get('/repositories/acme/storefront', 'rita');
    expect(fine.headers.get('x-oauth-scopes')).toContain('read:repository:bitbucket');
    expect(fine.headers.get('x-accepted-oauth-scopes')).toBe('read:repository:bitbucket');
    expect(fine.headers.get('x-credential-type')).toBe('api_token');
  });

  it('lets API-token scopes imply nothing, and OAuth scopes what is documented', async () => {
    const token = await sim.control('POST', '/tokens', {
      kind: 'api',
      user: 'walter',
      scopes: ['write:repository:bitbucket'],
    });
    const writer = await sim.control('POST', '/tokens', { kind: 'workspace', scopes: ['repository:write'] });
    const path = '/repositories/acme/storefront';

    expect((await as(basic('walter@example.com', token.secret), path)).status).toBe(403);
    expect((await as(`Bearer ${writer.secret}`, path)).status).toBe(200);
  });

  it('keeps access tokens away from permissions', async () => {
    const token = await sim.control('POST', '/tokens', {
      kind: 'workspace',
      scopes: ['account', 'repository:admin', 'repository', 'project:admin'],
    });
    for (const path of [
      '/workspaces/acme/permissions',
      '/workspaces/acme/permissions/repositories',
      '/repositories/acme/storefront/permissions-config/users',
      '/user/workspaces/acme/permissions/repositories',
    ]) {
      expect((await as(`Bearer ${token.secret}`, path)).status).toBe(403);
    }
  });

  it('confines repository and project tokens to their own', async () => {
    const one = await sim.control('POST', '/tokens', {
      kind: 'repository',
      repository: 'storefront',
      scopes: ['repository'],
    });
    const project = await sim.control('POST', '/tokens', {
      kind: 'project',
      project: 'DATA',
      scopes: ['repository'],
    });
    const ask = async (secret: string) =>
      Promise.all(
        ['storefront', 'checkout-api', 'pipelines'].map(
          async (slug) => (await as(`Bearer ${secret}`, `/repositories/acme/${slug}`)).status,
        ),
      );

    expect(await ask(one.secret)).toEqual([200, 403, 403]);
    expect(await ask(project.secret)).toEqual([403, 403, 200]);
  });

  it('refuses tokens that have expired or were revoked, and takes them back', async () => {
    const token = await sim.control('POST', '/tokens', {
      kind: 'api',
      user: 'rita',
      scopes: ['read:user:bitbucket'],
    });
    const ask = async () => (await as(basic('rita@example.com', token.secret))).status;

    expect(await ask()).toBe(200);
    await sim.control('PATCH', `/tokens/${token.id}`, { expiresOn: '2020-01-01T00:00:00Z' });
    expect(await ask()).toBe(401);
    await sim.control('PATCH', `/tokens/${token.id}`, { expiresOn: null });
    await sim.control('DELETE', `/tokens/${token.id}`);
    expect(await ask()).toBe(401);
    await sim.control('POST', `/tokens/${token.id}/restore`);
    expect(await ask()).toBe(200);
  });

  it('tells 401, 403 and 404 apart', async () => {
    const statuses = async (path: string) => [
      (await sim.get(path)).status,
      (await sim.get(path, 'sven')).status,
      (await sim.get(path, 'walter')).status,
    ];

    expect(await statuses('/repositories/acme/storefront')).toEqual([401, 403, 200]);
    expect(await statuses('/repositories/acme/none')).toEqual([404, 404, 404]);
    expect(await statuses('/repositories/acme/handbook')).toEqual([200, 200, 200]);
    expect((await sim.get('/repositories/acme/none', 'walter')).json.error.message).toBe(
      'Repository acme/none not found',
    );
    expect((await sim.get('/user')).status).toBe(401);
    expect((await sim.get('/nonsense', 'walter')).status).toBe(404);
    expect((await sim.rest('DELETE', '/user', { as: 'walter' })).status).toBe(405);
  });

  it.each(['/repositories', '/workspaces', '/user/permissions/repositories', '/user/permissions/workspaces'])(
    'answers 410 on %s',
    async (path) => {
      const answer = await sim.get(path, 'olivia');

      expect(answer.status).toBe(410);
      expect(answer.json.error.message).toBe('CHANGE-2770 - Functionality has been deprecated');
    },
  );

  it('answers 410 for a workspace marked as spam', async () => {
    await sim.control('POST', '/workspaces', { slug: 'spammy', owner: 'sven' });
    await sim.control('PATCH', '/workspaces/spammy', { spam: true });

    expect((await sim.get('/repositories/spammy', 'sven')).status).toBe(410);
  });

  it('answers commits of a missing repository with a web page', async () => {
    const answer = await sim.get('/repositories/acme/none/commits/main', 'olivia');

    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.text.length).toBeGreaterThan(20_000);
  });

  it('limits each identity by itself, and shows the limit to access tokens only', async () => {
    await sim.control('PATCH', '/settings', { limits: { repositories: 5 } });
    const path = '/repositories/acme/storefront';
    const answers = [];
    for (let i = 0; i < 6; i += 1) answers.push(await sim.get(path, 'mirror'));
    const others = await sim.get(path, 'walter');
    await sim.control('PATCH', '/settings', { limits: { repositories: 1000 } });

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(answers[5]?.json.error.message).toBe('Rate limit for this resource has been exceeded');
    expect(answers[0]?.headers.get('x-ratelimit-limit')).toBe('5');
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-nearlimit')).slice(0, 5)).toEqual([
      'false',
      'false',
      'false',
      'false',
      'true',
    ]);
    expect(others.status).toBe(200);
    expect(others.headers.has('x-ratelimit-limit')).toBe(false);
  });

  it('scales the limit of access tokens by seats', async () => {
    await sim.control('PATCH', '/workspaces/acme', { seats: 150 });
    expect((await sim.get('/repositories/acme/storefront', 'mirror')).headers.get('x-ratelimit-limit')).toBe(
      '1500',
    );
    await sim.control('PATCH', '/workspaces/acme', { seats: 5000 });
    expect((await sim.get('/repositories/acme/storefront', 'mirror')).headers.get('x-ratelimit-limit')).toBe(
      '10000',
    );
    await sim.control('PATCH', '/workspaces/acme', { seats: 25 });
  });

  it('allows an anonymous address sixty an hour over everything', async () => {
    const answers = [];
    for (let i = 0; i < 61; i += 1)
      answers.push(await sim.get(i % 2 ? '/hook_events' : '/repositories/acme/handbook'));

    expect(answers[0]?.headers.get('x-ratelimit-limit')).toBe('60, 60;w=3600');
    expect(answers.map(({ status }) => status).filter((status) => status === 429)).toHaveLength(1);
  });
});
