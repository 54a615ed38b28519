import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { callUnary } from '@antipode/rpc';
import {
  eventually,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { csrfToken, newBrowser } from '@antipode/web-pages';
import { AccountConnection, type Preview } from '../src/connection/account-connection.js';
import { ConnectionService } from '../src/connection/connection.service.js';
import { DiscoveryService } from '../src/discovery/discovery.service.js';
import { AdminSessions } from '../src/people/admin-sessions.js';
import { basic, FakeAuth } from './fake-auth.js';
import { ADMIN_TOKEN, query, Registry, type Json } from './open-registry.js';

const SECRET_KEY = 'ab'.repeat(32);
const OLIVIA = '00000000-0000-4000-8000-000000000001';
const ADA = '00000000-0000-4000-8000-000000000002';
const WALTER = '00000000-0000-4000-8000-000000000003';

type Headers = Readonly<Record<string, string>>;
const BROWSERS = { olivia: newBrowser(), ada: newBrowser(), walter: newBrowser() };
const session = (browser: string, more = ''): Headers => ({
  cookie: `antipode=${browser}${more}`,
  'x-antipode-csrf': csrfToken(SECRET_KEY, browser),
});

describe('a connection by the account of an administrator', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;
  let auth: FakeAuth;
  let registry: Registry;

  beforeAll(async () => {
    [postgres, redis, sim, auth] = await Promise.all([
      startPostgres(),
      startRedis(),
      startSim(),
      FakeAuth.open(),
    ]);
    await sim.control.settings({ allowInternalHookUrls: true });
    registry = await Registry.open({ neighbours: { postgres, redis }, env: settings() });
  }, 180_000);

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await Promise.all([postgres, redis, sim, auth].map((one) => one?.[Symbol.asyncDispose]()));
  });

  beforeEach(async () => {
    auth.people = [
      {
        id: OLIVIA,
        displayName: 'Olivia',
        roles: { acme: 'administrator' },
        proofs: [BROWSERS.olivia, basic('Olivia@example.com', 'the-api-token')],
      },
      { id: ADA, displayName: 'Ada', roles: { acme: 'administrator' }, proofs: [BROWSERS.ada] },
      { id: WALTER, displayName: 'Walter', roles: { acme: 'member' }, proofs: [BROWSERS.walter] },
    ];
    // What a link's token opens, a workspace's own token does as well.
    for (const id of [OLIVIA, ADA, WALTER]) auth.tokens.set(id, sim.state.mirrorToken);
    await registry.ask('DELETE', '/connection?now=true');
    await eventually(async () => (await show()).state === 'unconnected' && (await show()).keptData === null);
  });

  const settings = (more: Record<string, string> = {}): Record<string, string> => ({
    AUTH_GRPC: auth.address,
    PRIMARY_KIND: 'bitbucket-cloud',
    PRIMARY_GIT_URL: sim.url,
    PRIMARY_API_URL: sim.api,
    PUBLIC_URL: 'http://127.0.0.1:1',
    SECRET_KEY,
    ...more,
  });
  const show = async (): Promise<Json> => (await registry.ask('GET', '/connection')).body;
  const until = (state: string): Promise<Json> =>
    eventually(async () => {
      const shown = await show();
      return shown.state === state && shown;
    });
  const lend = (
    headers: Headers,
    workspace = 'acme',
    where = registry,
  ): Promise<{ status: number; body: Json }> =>
    where.askWith('POST', '/connection/account', { headers, body: { workspace } });
  const tokenSession = async (): Promise<string> => {
    const request = { headers: {}, socket: { remoteAddress: '127.0.0.1' } } as never;
    const [cookie = ''] = (await registry.app.get(AdminSessions).begin(ADMIN_TOKEN, request)).split(';');
    return `; ${cookie}`;
  };
  const sweep = (): void => registry.app.get(DiscoveryService).sweepSoon('full');

  async function givenConnected(): Promise<void> {
    const { status, body } = await lend(session(BROWSERS.olivia, await tokenSession()));
    expect([status, body.detail]).toEqual([200, undefined]);
    await until('connected');
    await registry.select('WEB');
    await eventually(async () => (await registry.paths()).length === 4);
  }

  it('is made by whoever has signed in and shown the admin token, and makes webhook and discovery begin', async () => {
    await givenConnected();
    const shown = await eventually(async () => {
      const now = await show();
      return now.webhook.state === 'active' && now;
    });
    expect(shown).toMatchObject({ workspace: 'acme', managedBy: 'api' });
    expect(shown.account).toEqual({ id: OLIVIA, displayName: 'Olivia' });
    const handed = await callUnary(registry.client, 'getConnection', {}, { timeoutMs: 5000 });
    expect(handed).toMatchObject({ workspace: 'acme', token: sim.state.mirrorToken, email: '' });
    const git = Buffer.from(handed.gitAuthorization.replace('Basic ', ''), 'base64').toString();
    expect(git).toBe(`x-token-auth:${sim.state.mirrorToken}`);
    const { body } = await registry.ask('GET', '/audit?limit=50');
    expect(body.values).toContainEqual(
      expect.objectContaining({
        action: 'connection.connecting',
        actor: `Olivia (${OLIVIA})`,
        after: expect.objectContaining({ account: `Olivia (${OLIVIA})` }),
      }),
    );
    const [row] = await query(registry.databaseUrl, 'SELECT credential FROM connection');
    expect(Buffer.from(row.credential).includes(OLIVIA)).toBe(false);
  });

  it('is not made by anybody else: each hears why', async () => {
    const free = await tokenSession();
    const answers = [
      await lend({}),
      await lend({ authorization: `Bearer ${ADMIN_TOKEN}` }),
      await lend({ authorization: basic('Olivia@example.com', 'the-api-token') }),
      await lend(session(BROWSERS.olivia)),
      await lend(session(BROWSERS.walter, free)),
      await lend(session(BROWSERS.olivia, free), 'globex'),
      await lend({ cookie: session(BROWSERS.olivia, free)['cookie'] as string }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 403, 403, 403, 403]);
    expect(answers[3]?.body.detail).toMatch(/admin token once .*CONNECT_WORKSPACES/);
    expect(answers[4]?.body.detail).toMatch(/does not administer the workspace acme/);
    auth.tokens.delete(OLIVIA);
    const unlinked = await lend(session(BROWSERS.olivia, free));
    expect(unlinked).toMatchObject({ status: 401, body: { detail: expect.stringContaining('not linked') } });
    expect(await show()).toMatchObject({ state: 'unconnected', account: null });
  });

  it('is not made by whom only the connection let in, when that ends while the primary is asked', async () => {
    await givenConnected();
    const service = registry.app.get(ConnectionService);
    const resolve = service.resolve.bind(service);
    // Between the first look at the connection and the last one.
    service.resolve = async (given, workspace) => {
      service.resolve = resolve;
      await registry.ask('DELETE', '/connection?now=true');
      await until('unconnected');
      return resolve(given, workspace);
    };
    const { status, body } = await lend(session(BROWSERS.ada));
    expect([status, body.detail]).toEqual([403, expect.stringContaining('admin token once')]);
    expect((await show()).state).toBe('unconnected');
  });

  it('is to the workspace itself: whoever has its name after it is nobody here', async () => {
    await givenConnected();
    const [acme] = sim.state.workspaces;
    const own = acme?.uuid.toLowerCase() ?? '';
    auth.workspaces.clear();
    await registry.askWith('GET', '/audit', { headers: session(BROWSERS.ada) });
    expect([...auth.workspaces]).toEqual([own]);
    // A connection of a version that knew the name alone.
    await query(registry.databaseUrl, 'UPDATE connection SET workspace_id = NULL, swept_at = NULL');
    sweep();
    // To its end: a sweep that is still under way would say of the primary that it has answered.
    const known = 'SELECT 1 FROM connection WHERE workspace_id = $1 AND swept_at IS NOT NULL';
    await eventually(async () => (await query(registry.databaseUrl, known, [own.slice(1, -1)])).length === 1);
    const before = { workspace_id: '00000000-0000-4000-8000-00000000000a', phase: 'suspended' };
    // As if it had been another one that had the name.
    await query(registry.databaseUrl, 'UPDATE connection SET workspace_id = $1, phase = $2', [
      before.workspace_id,
      before.phase,
    ]);
    const { status, body } = await lend(session(BROWSERS.ada));
    expect([status, body.detail]).toEqual([409, expect.stringContaining('is another one')]);
    expect((await registry.paths()).length).toBe(4);
    const look = 'SELECT workspace_id, phase FROM connection';
    expect(await query(registry.databaseUrl, look)).toEqual([before]);
  });

  it('is free for the administrators of the workspaces that the settings name', async () => {
    const cases = [
      ['globex, ACME', 200],
      ['*', 200],
      ['globex', 403],
    ] as const;
    for (const [CONNECT_WORKSPACES, status] of cases) {
      await using open = await Registry.open({
        neighbours: { postgres, redis },
        databaseUrl: registry.databaseUrl,
        env: settings({ CONNECT_WORKSPACES }),
      });
      expect([CONNECT_WORKSPACES, (await lend(session(BROWSERS.olivia), 'Acme', open)).status]).toEqual([
        CONNECT_WORKSPACES,
        status,
      ]);
      expect((await lend(session(BROWSERS.walter), 'acme', open)).status).toBe(403);
      await registry.ask('DELETE', '/connection?now=true');
      await until('unconnected');
    }
  });

  it('is previewed: what it can do, what is missing and what that costs', async () => {
    const scopes = ['project', 'repository', 'webhook'];
    const order = { kind: 'workspace', workspace: 'acme', scopes };
    const { secret } = await sim.control.control<{ secret: string }>('POST', '/tokens', order);
    auth.tokens.set(OLIVIA, secret);
    const page = registry.app.get(AccountConnection);
    const request = { method: 'GET', headers: session(BROWSERS.olivia), socket: {} } as never;
    expect(await page.offers(request)).toEqual([{ workspace: 'acme', may: 'token' }]);
    const preview: Preview = await page.preview(request, 'ACME');
    expect(preview).toMatchObject({ workspace: 'acme', may: 'token', hasProjects: true, isEnough: true });
    expect(preview.scopes).toContain('webhook');
    const lacks = preview.needs.filter(({ missing }) => missing.length > 0);
    expect(lacks).toEqual([
      expect.objectContaining({
        missing: ['repository:admin', 'project:admin'],
        without: expect.stringContaining('access keys'),
      }),
    ]);
    await givenConnected();
    expect((await show()).lacks).toEqual([
      { scopes: ['repository:admin', 'project:admin'], without: lacks[0]?.without },
    ]);
    const again = { method: 'GET', headers: session(BROWSERS.olivia), socket: {} } as never;
    expect(await page.offers(again)).toEqual([{ workspace: 'acme', may: 'free' }]);
  });

  it('goes on with a new token when the primary refuses the last one', async () => {
    await givenConnected();
    auth.tokens.set(OLIVIA, 'worn-out');
    auth.renewed.set('worn-out', sim.state.mirrorToken);
    sweep();
    await eventually(() => auth.tokens.get(OLIVIA) === sim.state.mirrorToken);
    const before = await show();
    sweep();
    await eventually(async () => (await show()).checkedAt > before.checkedAt);
    expect(await show()).toMatchObject({ state: 'connected', error: null });
  });

  it('is suspended when the account is unlinked, serves on, and heals by another administrator', async () => {
    await givenConnected();
    using watched = registry.watch();
    await eventually(() => watched.isComplete && watched.byId.size === 4);
    const ids = [...watched.byId.keys()];
    auth.tokens.delete(OLIVIA);
    sweep();
    await eventually(async () => (await show()).error !== null);
    await query(registry.databaseUrl, `UPDATE connection SET refused_since = now() - interval '4 s'`);
    sweep();
    const suspended = await until('suspended');
    expect(suspended.reason).toMatch(/linked account of Olivia, which no longer opens acme/);
    expect(suspended.nextStep).toMatch(/administrator of acme opens http:\/\/127.0.0.1:1\/-\/, signs in/);
    expect(watched.byId.size).toBe(4);

    // While it lives, its own workspace's administrators need no token; members still may not.
    expect((await lend(session(BROWSERS.walter))).status).toBe(403);
    expect((await lend(session(BROWSERS.ada))).status).toBe(200);
    expect(await until('connected')).toMatchObject({ account: { displayName: 'Ada' }, error: null });
    expect([...watched.byId.keys()]).toEqual(ids);
    expect((await registry.ask('GET', '/selection')).body).toMatchObject({ projectKeys: ['WEB'] });
  });

  it('outlives a time in which nobody can give it a token: that is no refusal', async () => {
    await givenConnected();
    auth.failure = new AntipodeError('internal', 'being broken');
    try {
      sweep();
      await eventually(async () => (await show()).error !== null);
      expect(await show()).toMatchObject({ state: 'connected', error: { code: 'service_unavailable' } });
    } finally {
      auth.failure = undefined;
    }
    const [row] = await query(registry.databaseUrl, 'SELECT refused_since FROM connection');
    expect(row).toEqual({ refused_since: null });
  });
});
