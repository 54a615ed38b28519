import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SimUnderTest } from './open-sim.js';

describe('workspaces, projects, members and permissions over REST', () => {
  let sim: SimUnderTest;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
  });
  afterAll(() => sim[Symbol.asyncDispose]());

  const values = async (path: string, as: string) => (await sim.get(path, as)).json.values;
  const q = (text: string) => `q=${encodeURIComponent(text)}`;

  it('say who one is', async () => {
    const { json } = await sim.get('/user', 'rita');

    expect(json).toMatchObject({
      type: 'user',
      nickname: 'rita',
      display_name: 'Rita Reader',
      account_status: 'active',
    });
    expect(json).not.toHaveProperty('username');
    expect((await values('/user/emails', 'rita'))[0]).toMatchObject({
      email: 'rita@example.com',
      is_primary: true,
    });
    expect((await sim.get(`/users/${encodeURIComponent(json.uuid)}`, 'olivia')).json.nickname).toBe('rita');
    expect((await sim.get(`/users/${json.account_id}`, 'olivia')).json.nickname).toBe('rita');
    expect((await sim.get('/users/rita', 'olivia')).status).toBe(404);
  });

  it('say which workspaces one belongs to', async () => {
    expect(await values('/user/workspaces', 'rita')).toMatchObject([
      { type: 'workspace_access', administrator: false, workspace: { type: 'workspace_base', slug: 'acme' } },
    ]);
    expect((await values('/user/workspaces', 'rita'))[0].workspace).not.toHaveProperty('name');
    expect(await values('/user/workspaces', 'sven')).toEqual([]);
    expect(await values('/user/workspaces?administrator=true', 'rita')).toEqual([]);
    expect(await values(`/user/workspaces?${q('slug="acme"')}&sort=-slug`, 'olivia')).toHaveLength(1);
    expect((await sim.get('/user/workspaces', 'olivia')).json.pagelen).toBe(25);
    expect((await sim.get('/user/workspaces/acme/permission', 'olivia')).json.permission).toBe('owner');
    expect((await sim.get('/user/workspaces/acme/permission', 'sven')).status).toBe(403);
  });

  it('say what one may do with which repository', async () => {
    const own = (await values('/user/workspaces/acme/permissions/repositories', 'rita')) as {
      permission: string;
      repository: { slug: string };
    }[];

    expect(own.map((row) => row.permission)).toEqual(['read', 'read', 'read', 'read']);
    expect(own.map((row) => row.repository.slug)).not.toContain('handbook');
    expect(
      await values(`/user/workspaces/acme/permissions/repositories?${q('permission>"read"')}`, 'walter'),
    ).toHaveLength(7);
    expect(
      await values(`/user/workspaces/acme/permissions/repositories?${q('permission>"write"')}`, 'walter'),
    ).toHaveLength(0);
    expect(
      await values(
        `/user/workspaces/acme/permissions/repositories?${q('repository.slug="pipelines"')}&pagelen=1`,
        'walter',
      ),
    ).toMatchObject([{ permission: 'write' }]);
    expect((await sim.get('/user/workspaces/acme/permissions/repositories', 'sven')).status).toBe(403);
  });

  it('let administrators crawl everybody', async () => {
    const rows = await values('/workspaces/acme/permissions/repositories?pagelen=100', 'olivia');

    expect(rows).toHaveLength(7 + 7 + 4);
    expect((await sim.get('/workspaces/acme/permissions/repositories', 'walter')).status).toBe(403);
    expect(await values('/workspaces/acme/permissions/repositories/pipelines', 'olivia')).toHaveLength(2);
    expect((await sim.get('/workspaces/acme/permissions/repositories/pipelines', 'walter')).status).toBe(403);
  });

  it('change and show explicit rows, for users and groups', async () => {
    const path = '/repositories/acme/pipelines/permissions-config';
    const rita = `${path}/users/${encodeURIComponent(sim.user('rita').uuid)}`;
    expect((await sim.get('/repositories/acme/pipelines', 'rita')).status).toBe(403);
    expect((await sim.rest('PUT', rita, { as: 'olivia', body: { permission: 'owner' } })).status).toBe(400);

    const row = await sim.rest('PUT', rita, { as: 'olivia', body: { permission: 'write' } });
    expect(row.json).toMatchObject({
      type: 'repository_user_permission',
      permission: 'write',
      user: { nickname: 'rita' },
    });
    expect((await sim.get('/repositories/acme/pipelines', 'rita')).status).toBe(200);
    expect(await values(`${path}/users`, 'olivia')).toHaveLength(1);
    expect((await sim.rest('DELETE', rita, { as: 'olivia' })).status).toBe(204);
    expect((await sim.get(rita, 'olivia')).json.permission).toBe('none');
    expect((await sim.get(`${path}/users`, 'walter')).status).toBe(403);

    await sim.control('PUT', '/workspaces/acme/groups/analysts', { name: 'Analysts', members: ['rita'] });
    await sim.rest('PUT', '/workspaces/acme/projects/DATA/permissions-config/groups/analysts', {
      as: 'olivia',
      body: { permission: 'read' },
    });
    expect(await values('/workspaces/acme/projects/DATA/permissions-config/groups', 'olivia')).toMatchObject([
      { type: 'project_group_permission', permission: 'read', group: { slug: 'analysts' } },
    ]);
    expect((await sim.get('/repositories/acme/pipelines', 'rita')).status).toBe(200);
  });

  it('list members, with e-mail only for those who were asked about by e-mail', async () => {
    expect(await values('/workspaces/acme/members', 'rita')).toHaveLength(3);
    expect((await sim.get('/workspaces/acme/members', 'sven')).status).toBe(403);
    const query = q('user.email IN ("rita@example.com","sven@example.com")');
    const plus = encodeURIComponent('+values.user.email');
    const token = await sim.control('POST', '/tokens', { kind: 'workspace', scopes: ['account'] });
    const ask = (path: string) =>
      sim.rest('GET', path, { headers: { authorization: `Bearer ${token.secret}` } });

    const [found] = (await ask(`/workspaces/acme/members?${query}&fields=${plus}`)).json.values;
    expect(found.user).toMatchObject({ email: 'rita@example.com', nickname: 'rita' });
    expect((await ask(`/workspaces/acme/members?${query}`)).json.values[0].user).not.toHaveProperty('email');
    expect((await ask(`/workspaces/acme/members?fields=${plus}`)).json.values[0].user).not.toHaveProperty(
      'email',
    );
    expect((await sim.get(`/workspaces/acme/members?${query}`, 'rita')).status).toBe(403);
    const many = Array.from({ length: 91 }, (_, i) => `"u${i}@example.com"`).join(',');
    expect((await ask(`/workspaces/acme/members?${q(`user.email IN (${many})`)}`)).status).toBe(400);
    expect((await ask(`/workspaces/acme/members?${q('user.display_name="Rita Reader"')}`)).status).toBe(400);
    expect(await values(`/workspaces/acme/permissions?${q('permission="owner"')}`, 'rita')).toMatchObject([
      { user: { nickname: 'olivia' } },
    ]);
    expect(
      (await sim.get(`/workspaces/acme/members/${encodeURIComponent(sim.user('sven').uuid)}`, 'rita')).status,
    ).toBe(404);
  });

  it('show a workspace', async () => {
    expect((await sim.get('/workspaces/acme', 'mirror')).json).toMatchObject({
      type: 'workspace',
      slug: 'acme',
      name: 'Acme',
      forking_mode: 'allow_forks',
    });
    expect((await sim.get('/workspaces/none', 'mirror')).status).toBe(404);
  });

  it('list projects to those who see something in them', async () => {
    const keys = async (as: string) =>
      (await values('/workspaces/acme/projects', as)).map((one: { key: string }) => one.key);

    expect(await keys('mirror')).toEqual(['WEB', 'DATA', 'PUB']);
    expect(await keys('sven')).toEqual(['PUB']);
    expect((await sim.get('/workspaces/acme/projects/WEB', 'sven')).status).toBe(403);
    expect((await sim.get('/workspaces/acme/projects/NONE', 'sven')).status).toBe(404);
    expect((await sim.get('/workspaces/acme/projects/PUB', 'rita')).json).toMatchObject({
      is_private: false,
      has_publicly_visible_repos: true,
      owner: { type: 'team' },
    });
  });

  it('make, change and delete projects', async () => {
    const rest = (method: string, path: string, body?: object, as = 'olivia') =>
      sim.rest(method, `/workspaces/acme/projects${path}`, { as, body });
    expect((await rest('POST', '', { key: 'NEW', name: 'New' }, 'walter')).status).toBe(403);
    const made = await rest('POST', '', { key: 'NEW', name: 'New' });

    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`${sim.url}/2.0/workspaces/acme/projects/NEW`);
    expect((await rest('POST', '', { key: 'NEW', name: 'New' })).status).toBe(400);
    const moved = await rest('PUT', '/NEW', { key: 'NEWER', description: 'Moved' });
    expect([moved.status, moved.headers.get('location')]).toEqual([
      200,
      `${sim.url}/2.0/workspaces/acme/projects/NEWER`,
    ]);
    expect((await rest('DELETE', '/WEB')).status).toBe(403);
    expect((await rest('DELETE', '/NEWER')).status).toBe(204);
    expect((await rest('PUT', '/PUB', { is_private: true })).status).toBe(400);
  });
});
