import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConnectionCredential, Discovery, PrimaryRepository, Webhooks } from '@antipode/primary';
import { openBitbucket, type OpenBitbucket } from './open-bitbucket.js';

let host: OpenBitbucket;
let discovery: Discovery;
let webhooks: Webhooks;
let token: ConnectionCredential;

beforeAll(async () => {
  host = await openBitbucket();
  if (!host.primary.discovery || !host.primary.webhooks) throw new Error('Bitbucket has both');
  ({ discovery, webhooks } = { discovery: host.primary.discovery, webhooks: host.primary.webhooks });
  token = { token: host.sim.state.mirrorToken };
}, 120_000);

afterEach(() => host.sim.control.heal());

afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

async function all(
  options: { credential?: ConnectionCredential; projectKey?: string; visibility?: 'public' } = {},
): Promise<PrimaryRepository[]> {
  const found: PrimaryRepository[] = [];
  for await (const page of discovery.listRepositories({ credential: token, ...options })) found.push(...page);
  return found;
}

function person(role: string): ConnectionCredential & { readonly email: string } {
  const user = host.sim.state.users.find((one) => one.role === role);
  if (!user) throw new Error(`the sample has no ${role}`);
  return { token: user.apiToken, email: user.email };
}

describe('discovery on Bitbucket Cloud', () => {
  it('lists projects and repositories as they are', async () => {
    const projects = await discovery.listProjects(token);
    expect(projects.map(({ key, private: hidden }) => [key, hidden]).sort()).toEqual([
      ['DATA', true],
      ['PUB', false],
      ['WEB', true],
    ]);
    const repositories = await all();
    expect(repositories.map(({ path }) => path).sort()).toEqual(
      host.sim.state.repositories.map(({ fullName }) => fullName).sort(),
    );
    const handbook = repositories.find(({ path }) => path === `${host.workspace}/handbook`);
    const real = host.sim.state.repositories.find(({ slug }) => slug === 'handbook');
    expect(handbook).toMatchObject({
      id: real?.uuid.slice(1, -1),
      public: true,
      projectKey: 'PUB',
      mainBranch: 'main',
      name: 'Handbook',
    });
    const empty = repositories.find(({ path }) => path === `${host.workspace}/playground`);
    expect(empty).toMatchObject({ public: false });
    expect(empty?.mainBranch).toBeUndefined();
  });

  it('says whether a credential opens a workspace, and what was granted', async () => {
    expect(await discovery.inspect(token)).toEqual({
      projects: 'some',
      scopes: ['project', 'project:admin', 'repository', 'repository:admin', 'webhook'],
      workspaceId: host.sim.state.workspaces[0]?.uuid.slice(1, -1),
    });
    await expect(discovery.inspect({ token: 'wrong' })).rejects.toMatchObject({ code: 'unauthenticated' });
    const user = host.sim.state.users.find(({ role }) => role === 'writer');
    const scopes = ['read:project:bitbucket', 'read:webhook:bitbucket'];
    const order = { kind: 'api', user: user?.username, scopes };
    const { secret } = await host.sim.control.control<{ secret: string }>('POST', '/tokens', order);
    await expect(discovery.inspect({ token: secret, email: user?.email ?? '' })).rejects.toMatchObject({
      code: 'denied',
    });
    // The credential's own workspace comes before that of the settings.
    const elsewhere = { ...token, workspace: 'nobody-here' };
    await expect(discovery.inspect(elsewhere)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('shows a user’s token what the user sees, without needing a role', async () => {
    const paths = (await all({ credential: person('reader') })).map(({ path }) => path.split('/')[1]).sort();
    expect(paths).toEqual(['checkout-api', 'design-system', 'handbook', 'playground', 'storefront']);
  });

  it('names the most recently updated first, so that news is on the first page', async () => {
    await host.sim.control.commit(`${host.workspace}/warehouse`, { files: { 'a.txt': 'a' } });
    expect((await all())[0]?.path).toBe(`${host.workspace}/warehouse`);
  });

  it('lists one project alone, and nothing for a project that is not there', async () => {
    expect((await all({ projectKey: 'DATA' })).map(({ projectKey }) => projectKey)).toEqual(['DATA', 'DATA']);
    expect(await all({ projectKey: 'NONE' })).toEqual([]);
    const open = (options: { projectKey?: string }) => all({ ...options, visibility: 'public' });
    expect((await open({})).map(({ path }) => path)).toEqual([`${host.workspace}/handbook`]);
    expect(await open({ projectKey: 'DATA' })).toEqual([]);
    await expect(all({ projectKey: 'X" OR project.key != "X' })).rejects.toMatchObject({ code: 'invalid' });
  });

  it.each(['page', 'token'])(
    'reads more than one page, however they are numbered (%s)',
    async (repositoryPaging) => {
      await host.sim.control.control('PATCH', '/settings', { repositoryPaging });
      const made = Array.from({ length: 120 }, (_, i) => `${host.workspace}/many-${repositoryPaging}-${i}`);
      for (const path of made)
        await host.sim.control.control('POST', `/repositories/${path}`, { project: 'DATA' });
      const found = new Set((await all()).map(({ path }) => path));
      expect(made.filter((path) => !found.has(path))).toEqual([]);
      for (const path of made) await host.sim.control.remove(path);
    },
  );

  it('costs no transfer where nothing has changed', async () => {
    const before = await all();
    await host.sim.control.resetCounters();
    expect(await all()).toEqual(before);
    expect(Object.keys((await host.sim.control.counters()).rest.statuses)).toEqual(['304']);
  });

  it('gets through a short limit, and says so of a long one', async () => {
    await host.sim.control.faults({ fail: [{ class: 'rest', status: 429, times: 1 }] });
    expect((await discovery.listProjects(token)).length).toBe(3);
    await host.sim.control.faults({ fail: [{ class: 'rest', status: 429, retryAfterSeconds: 900 }] });
    await expect(discovery.listProjects(token)).rejects.toMatchObject({ code: 'primary_limited' });
  });

  it('does not take half a page, or a page of HTML, for a list', async () => {
    await host.sim.control.faults({ truncate: [{ class: 'rest', afterBytes: 40 }] });
    await expect(discovery.listProjects(token)).rejects.toMatchObject({
      code: expect.stringMatching(/^primary_/),
    });
  });

  it.each([
    ['unauthenticated', (): ConnectionCredential => ({ token: 'guessed' })],
    [
      'unauthenticated',
      (): ConnectionCredential => ({ ...person('owner'), email: 'olivia@elsewhere.example' }),
    ],
    ['invalid', (): ConnectionCredential => ({ token: 't', username: 'olivia' })],
  ])('is %s without the right form of the credential', async (code, credential) => {
    await expect(discovery.listProjects(credential())).rejects.toMatchObject({ code });
  });
});

describe('the webhook on Bitbucket Cloud', () => {
  const url = 'http://127.0.0.1:9/-/webhooks/one';
  const hooks = async () => (await host.sim.control.state()).hooks;

  it('is made once, put right again, and removed', async () => {
    const { id } = await webhooks.ensure({ credential: token, url, secret: 'first' });
    expect(await hooks()).toEqual([
      expect.objectContaining({ uuid: id, url, secret: 'first', active: true }),
    ]);

    await host.sim.control.rest('PUT', `/workspaces/${host.workspace}/hooks/${encodeURIComponent(id)}`, {
      active: false,
      events: ['repo:fork'],
    });
    expect(await webhooks.ensure({ credential: token, url, secret: 'second' })).toEqual({ id });
    expect(await hooks()).toEqual([
      expect.objectContaining({
        secret: 'second',
        active: true,
        events: [
          'repo:push',
          'repo:created',
          'repo:updated',
          'repo:deleted',
          'repo:transfer',
          'project:updated',
        ],
      }),
    ]);

    expect(await webhooks.find({ credential: token, url })).toEqual({ id, active: true });
    await host.sim.control.rest('PUT', `/workspaces/${host.workspace}/hooks/${encodeURIComponent(id)}`, {
      active: false,
    });
    expect(await webhooks.find({ credential: token, url })).toEqual({ id, active: false });

    await webhooks.remove({ credential: token, id });
    await webhooks.remove({ credential: token, id });
    expect(await webhooks.find({ credential: token, url })).toBeUndefined();
    expect(await hooks()).toEqual([]);
  });

  it('is one only, also where somebody has made it twice, and leaves other people’s alone', async () => {
    const make = (to: string) =>
      host.sim.control.rest('POST', `/workspaces/${host.workspace}/hooks`, {
        url: to,
        events: ['repo:push'],
      });
    await make(url);
    await make(url);
    await make('http://127.0.0.1:9/other');
    const { id } = await webhooks.ensure({ credential: token, url, secret: 's' });
    expect((await hooks()).map((hook) => hook.url).sort()).toEqual([
      'http://127.0.0.1:9/-/webhooks/one',
      'http://127.0.0.1:9/other',
    ]);
    await webhooks.remove({ credential: token, id });
  });

  it('does without project events where the token may not read projects', async () => {
    const made = await host.sim.control.control<{ secret: string }>('POST', '/tokens', {
      kind: 'workspace',
      workspace: host.workspace,
      scopes: ['repository', 'webhook'],
    });
    const credential = { token: made.secret };
    const { id } = await webhooks.ensure({ credential, url, secret: 's' });
    const hook = (await hooks()).find(({ uuid }) => uuid === id) as unknown as { events: string[] };
    expect(hook.events).not.toContain('project:updated');
    expect(hook.events).toContain('repo:push');
    await webhooks.remove({ credential, id });
  });

  it('is denied to those who own no workspace', async () => {
    await expect(webhooks.ensure({ credential: person('writer'), url, secret: 's' })).rejects.toMatchObject({
      code: 'denied',
    });
    await host.sim.control.control('PATCH', '/settings', { workspaceTokenMayManageHooks: false });
    await expect(webhooks.ensure({ credential: token, url, secret: 's' })).rejects.toMatchObject({
      code: 'denied',
    });
    await host.sim.control.control('PATCH', '/settings', { workspaceTokenMayManageHooks: true });
  });
});
