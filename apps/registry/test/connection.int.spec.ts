import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callUnary } from '@antipode/rpc';
import {
  CHECKOUT,
  eventually,
  openScratch,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { DiscoveryService } from '../src/discovery/discovery.service.js';
import { freshDatabase, query, Registry, type Json } from './open-registry.js';

const WEB = ['acme/storefront', 'acme/checkout-api', 'acme/design-system', 'acme/playground'];
const DATA = ['acme/pipelines', 'acme/warehouse'];

describe('the connection', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;
  /** Of the other workspace. */
  let otherToken: string;
  let registry: Registry;
  let env: Record<string, string>;

  beforeAll(async () => {
    [postgres, redis, sim] = await Promise.all([startPostgres(), startRedis(), startSim()]);
    await sim.control.settings({ allowInternalHookUrls: true });
    otherToken = await givenOtherWorkspace();
    env = {
      PRIMARY_KIND: 'bitbucket-cloud',
      PRIMARY_GIT_URL: sim.url,
      PRIMARY_API_URL: sim.api,
      PUBLIC_URL: 'http://127.0.0.1:1',
    };
    registry = await Registry.open({ neighbours: { postgres, redis }, env });
  }, 180_000);

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await Promise.all([postgres, redis, sim].map((one) => one?.[Symbol.asyncDispose]()));
  });

  beforeEach(async () => {
    await disconnect('?now=true');
    await until('unconnected');
    await eventually(async () => (await show()).keptData === null);
  });

  afterEach(() => sim.control.heal());

  async function givenOtherWorkspace(): Promise<string> {
    const [owner] = sim.state.users.filter(({ role }) => role === 'owner');
    await sim.control.control('POST', '/workspaces', { slug: 'globex', owner: owner?.username });
    await sim.control.control('POST', '/workspaces/globex/projects', { key: 'ROCK' });
    await sim.control.create('globex/engine', 'ROCK');
    const scopes = ['project', 'repository', 'webhook'];
    const order = { kind: 'workspace', workspace: 'globex', scopes };
    return (await sim.control.control<{ secret: string }>('POST', '/tokens', order)).secret;
  }

  const show = async (of = registry): Promise<Json> => (await of.ask('GET', '/connection')).body;
  const until = (state: string, of = registry): Promise<Json> =>
    eventually(async () => {
      const shown = await show(of);
      if (shown.state !== state) throw new Error(JSON.stringify(shown));
      return shown;
    });
  const connect = (
    workspace = 'acme',
    token = sim.state.mirrorToken,
  ): Promise<{ status: number; body: Json }> => registry.ask('PUT', '/connection', { workspace, token });
  const disconnect = (how = ''): Promise<{ status: number; body: Json }> =>
    registry.ask('DELETE', `/connection${how}`);
  const row = async (): Promise<Json> => (await query(registry.databaseUrl, 'SELECT * FROM connection'))[0];
  const actions = async (): Promise<string[]> =>
    (await registry.ask('GET', '/audit')).body.values.map(({ action }: Json) => action);
  const sweep = (): void => registry.app.get(DiscoveryService).sweepSoon('full');
  const hooks = async (): Promise<string[]> => (await sim.control.state()).hooks.map(({ url }) => url);
  const givenConnected = async (): Promise<void> => {
    await connect();
    await registry.select('WEB');
    await registry.untilPaths(WEB);
    await until('connected');
    await eventually(async () => (await show()).webhook.state === 'active');
  };

  it('is made by the API: asked for at the primary, sealed at rest, and discovered at once', async () => {
    expect(await show()).toMatchObject({ state: 'unconnected', managedBy: null, workspace: null });
    expect((await show()).nextStep).toMatch(/PUT .*connection/);
    const { status, body } = await connect();
    expect([status, body.state, body.workspace, body.managedBy]).toEqual([200, 'connecting', 'acme', 'api']);
    await until('connected');
    expect((await show()).scopes).toContain('webhook');
    await registry.select('WEB');
    await registry.untilPaths(WEB);
    await eventually(async () => (await show()).webhook.state === 'active');
    expect(await hooks()).toHaveLength(1);

    const { mirrorToken } = sim.state;
    expect(Buffer.from((await row()).credential).includes(mirrorToken)).toBe(false);
    expect(JSON.stringify((await registry.ask('GET', '/audit')).body)).not.toContain(mirrorToken);
    const handed = await callUnary(registry.client, 'getConnection', {}, { timeoutMs: 5000 });
    expect(handed).toMatchObject({ workspace: 'acme', token: mirrorToken });
    expect(await actions()).toEqual(
      expect.arrayContaining(['connection.connecting', 'connection.connected', 'selection.changed']),
    );
  });

  it('takes nothing that the primary does not take, and keeps nothing of it', async () => {
    const answers = [
      await connect('acme', 'wrong'),
      await connect('nobody-here'),
      await connect('globex'),
      await connect('../etc'),
      await registry.ask('PUT', '/connection', { workspace: 'acme' }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [400, 'invalid'],
      [404, 'not_found'],
      [404, 'not_found'],
      [400, 'invalid'],
      [400, 'invalid'],
    ]);
    expect(answers[0]?.body.detail).not.toContain('wrong');
    expect(await row()).toMatchObject({ phase: 'unconnected', credential: null, workspace: null });
  });

  it('ends at once for readers, then at the primary, then here; and comes back with its data', async () => {
    await givenConnected();
    using watched = registry.watch();
    await watched.until(WEB);
    const ids = [...watched.byId.keys()];
    expect((await disconnect()).status).toBe(202);
    expect(await registry.paths()).toEqual([]);
    await watched.until([]);
    // Before the repositories go, so that whoever misses them can be told why.
    expect(watched.connections).toEqual([
      { connected: true, workspace: 'acme' },
      { connected: false, workspace: 'acme' },
    ]);
    const ended = await until('unconnected');
    expect(ended.keptData).toMatchObject({ workspace: 'acme' });
    expect(Date.parse(ended.keptData.until) - Date.now()).toBeGreaterThan(6 * 86_400_000);
    expect(await hooks()).toEqual([]);
    expect(await row()).toMatchObject({ credential: null, hook_secret: null, hook_url: null });
    await expect(callUnary(registry.client, 'getConnection', {}, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'not_connected',
    });

    await connect();
    await watched.until(WEB);
    expect([...watched.byId.keys()].sort()).toEqual(ids.sort());
    expect(watched.connections.at(-1)).toEqual({ connected: true, workspace: 'acme' });
    expect((await registry.ask('GET', '/selection')).body).toMatchObject({ projectKeys: ['WEB'] });
    expect((await show()).keptData).toBeNull();
  });

  it('can be made anew to another workspace, which has nothing of the one before', async () => {
    await givenConnected();
    const refused = await connect('globex', otherToken);
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
    await disconnect();
    await until('unconnected');
    expect((await connect('globex', otherToken)).status).toBe(200);
    expect(await query(registry.databaseUrl, 'SELECT id FROM repository')).toEqual([]);
    expect((await registry.ask('GET', '/selection')).body).toMatchObject({
      mode: 'selected',
      projectKeys: [],
    });
    await registry.select('ROCK');
    await registry.untilPaths(['globex/engine']);
    expect(await hooks()).toHaveLength(1);
    expect(await actions()).toContain('connection.data_deleted');
  });

  it('is suspended when the primary refuses it twice, says what to do, and heals by itself', async () => {
    await givenConnected();
    const { mirrorToken } = sim.state;
    await sim.control.control('DELETE', `/tokens/${mirrorToken}`);
    try {
      sweep();
      await eventually(async () => (await row()).refused_since !== null);
      expect((await show()).state).toBe('connected');
      await query(registry.databaseUrl, `UPDATE connection SET refused_since = now() - interval '4 s'`);
      sweep();
      const suspended = await until('suspended');
      expect(suspended.reason).toMatch(/refuses this mirror's credential/);
      expect(suspended.nextStep).toMatch(/valid token/);
      // Its own credential is refused, not the caller's: no 401.
      expect(await registry.ask('GET', '/public-repositories')).toMatchObject({
        status: 409,
        body: { code: 'not_connected' },
      });
      // What is there is served on: callers are asked for by their own credentials.
      expect(await registry.paths()).toEqual([...WEB].sort());
    } finally {
      await sim.control.control('POST', `/tokens/${mirrorToken}/restore`);
    }
    sweep();
    expect((await until('connected')).reason).toBeNull();
    expect((await row()).refused_since).toBeNull();
  });

  it('loses nothing to a credential that is shown less than the one before', async () => {
    await givenConnected();
    await registry.select('WEB', 'DATA');
    await registry.untilPaths([...WEB, ...DATA]);
    const reader = sim.state.users.find(({ role }) => role === 'reader');
    const less = { workspace: 'acme', token: reader?.apiToken, email: reader?.email };
    expect((await registry.ask('PUT', '/connection', less)).status).toBe(200);
    const suspended = await eventually(
      async () => (await registry.ask('GET', '/status')).body.removalSuspended ?? undefined,
    );
    expect(suspended).toMatchObject({ count: 2, paths: DATA });
    expect(await registry.paths()).toEqual([...WEB, ...DATA].sort());
    await connect();
    await eventually(async () => (await registry.ask('GET', '/status')).body.removalSuspended === null);
    expect(await registry.paths()).toEqual([...WEB, ...DATA].sort());
  });

  it('shows a webhook that somebody has switched off, and leaves it so until it is connected anew', async () => {
    await givenConnected();
    const [hook] = (await sim.control.state()).hooks;
    const path = `/workspaces/acme/hooks/${encodeURIComponent(hook?.uuid ?? '')}`;
    await sim.control.rest('PUT', path, { active: false });
    await query(registry.databaseUrl, 'UPDATE connection SET hook_checked_at = NULL');
    sweep();
    await eventually(async () => (await show()).webhook.state === 'disabled');
    expect((await show()).webhook.reason).toMatch(/switched it off/);
    expect((await sim.control.state()).hooks).toMatchObject([{ active: false }]);
    await connect();
    await eventually(async () => (await show()).webhook.state === 'active');
    expect((await sim.control.state()).hooks).toMatchObject([{ active: true, url: hook?.url }]);
  });

  it('takes its webhook along to a new address, and calls it active while nobody can look', async () => {
    await givenConnected();
    const { databaseUrl } = registry;
    const moved = { ...env, PUBLIC_URL: 'http://127.0.0.1:2' };
    await using elsewhere = await Registry.open({ neighbours: { postgres, redis }, databaseUrl, env: moved });
    elsewhere.app.get(DiscoveryService).sweepSoon('full');
    await eventually(async () => (await hooks())[0]?.startsWith('http://127.0.0.1:2/'));
    expect(await hooks()).toHaveLength(1);
    await eventually(async () => (await show()).webhook.state === 'active');
    await query(databaseUrl, `UPDATE connection SET hook_error_code = 'timed_out', hook_error = 'too late'`);
    expect((await show()).webhook).toMatchObject({ state: 'active', reason: 'too late' });
    await query(databaseUrl, `UPDATE connection SET hook_error_code = 'denied'`);
    expect((await show()).webhook).toMatchObject({ state: 'polling', reason: 'too late' });
  });

  it('does not take it for the caller’s fault that its credential cannot be opened any more', async () => {
    await connect();
    await until('connected');
    await query(registry.databaseUrl, `UPDATE connection SET credential = 'sealed with another key'`);
    expect(await registry.ask('GET', '/public-repositories')).toMatchObject({
      status: 409,
      body: { code: 'not_connected' },
    });
  });

  it('that comes from the settings is changed there only; and ends with them', async () => {
    const databaseUrl = await freshDatabase(postgres);
    await using scratch = await openScratch();
    await writeFile(scratch.file('token'), sim.state.mirrorToken);
    const settings = { ...env, PRIMARY_WORKSPACE: 'Acme', PRIMARY_TOKEN_FILE: scratch.file('token') };
    const neighbours = { postgres, redis };
    const first = await Registry.open({ neighbours, databaseUrl, env: settings });
    try {
      await first.select('PUB');
      await first.untilPaths(['acme/handbook']);
      expect(await until('connected', first)).toMatchObject({ managedBy: 'settings', workspace: 'acme' });
      for (const [method, body] of [
        ['PUT', { workspace: 'acme', token: 'x' }],
        ['DELETE', undefined],
      ] as const) {
        const { status, body: problem } = await first.ask(method, '/connection', body);
        expect([status, problem.code]).toEqual([409, 'conflict']);
        expect(problem.detail).toMatch(/PRIMARY_TOKEN_FILE/);
      }
    } finally {
      await first[Symbol.asyncDispose]();
    }
    {
      // A slip of the pen takes nothing away.
      const slip = { ...settings, PRIMARY_WORKSPACE: 'acmee' };
      await using slipped = await Registry.open({ neighbours, databaseUrl, env: slip });
      await eventually(async () => (await show(slipped)).error?.code === 'not_found');
      expect(await show(slipped)).toMatchObject({ state: 'connecting', workspace: 'acmee' });
      expect((await show(slipped)).nextStep).toMatch(/Check PRIMARY_WORKSPACE.*acme stays/);
      expect(await slipped.paths()).toEqual(['acme/handbook']);
    }
    await using second = await Registry.open({ neighbours, databaseUrl, env });
    await until('unconnected', second);
    expect(await second.paths()).toEqual([]);

    // As a version left it that knew of no workspace, and whose settings are gone since.
    await query(databaseUrl, `UPDATE repository SET removed_at = NULL`);
    await query(databaseUrl, `UPDATE connection SET workspace = NULL, data_until = NULL`);
    const migration = join(
      CHECKOUT,
      'apps/registry/prisma/migrations/20260603000000_whose_data/migration.sql',
    );
    await query(databaseUrl, await readFile(migration, 'utf8'));
    second.app.get(DiscoveryService).sweepSoon('full');
    await eventually(async () => (await show(second)).keptData?.workspace === 'acme');
    expect(await second.paths()).toEqual([]);
  });
});
