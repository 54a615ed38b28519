import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { registry as wire } from '@antipode/contracts';
import {
  eventually,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { query, Registry, type Json } from './open-registry.js';

const WEB = ['acme/storefront', 'acme/checkout-api', 'acme/design-system', 'acme/playground'];
const DATA = ['acme/pipelines', 'acme/warehouse'];
const ALL = [...WEB, ...DATA, 'acme/handbook'];
const PRIVATE = [...WEB, ...DATA];

describe('the selection', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;
  let registry: Registry;

  beforeAll(async () => {
    [postgres, redis, sim] = await Promise.all([startPostgres(), startRedis(), startSim()]);
    registry = await Registry.open({ neighbours: { postgres, redis, sim } });
  }, 180_000);

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await Promise.all([postgres, redis, sim].map((one) => one?.[Symbol.asyncDispose]()));
  });

  beforeEach(async () => {
    await choose({ mode: 'all', publicRepositories: 'include' });
    await registry.untilPaths(ALL);
  });

  const choose = (body: Json): Promise<{ status: number; body: Json }> =>
    registry.ask('PUT', '/selection', body);
  const whole = async (): Promise<Json[]> => (await registry.ask('GET', '/audit')).body.values;
  /** What people did; the connection's life is written down beside it. */
  const log = async (): Promise<Json[]> =>
    (await whole()).filter(({ action }) => !action.startsWith('connection.'));
  const paths = (repositories: readonly Json[]): string[] => repositories.map(({ path }) => path);

  it('is not narrowed from all projects to some, unless that is said', async () => {
    const narrow = { mode: 'selected', projectKeys: ['WEB'] };
    const refused = await choose(narrow);
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
    expect(refused.body.detail).toMatch(/mirrors all projects.*allowNarrowing/);
    expect(await registry.paths()).toEqual([...ALL].sort());
    const allowed = await choose({ ...narrow, allowNarrowing: true });
    expect([allowed.status, allowed.body.change.narrowing]).toEqual([200, true]);
    expect(await registry.paths()).toEqual([...WEB].sort());
    // Between some and others there is nothing to allow.
    expect((await choose({ mode: 'selected', projectKeys: ['DATA'] })).status).toBe(200);
  });

  it('shows in a dry run what would go, and changes nothing', async () => {
    const before = (await log()).length;
    const { status, body } = await choose({ mode: 'selected', projectKeys: ['WEB'], dryRun: true });
    expect(status).toBe(200);
    expect(body).toMatchObject({ mode: 'selected', projectKeys: ['WEB'] });
    expect(body.change).toMatchObject({ dryRun: true, narrowing: true, adds: { count: 0 } });
    expect(body.change.removes).toMatchObject({ projectKeys: ['DATA', 'PUB'], count: 3, complete: true });
    expect(paths(body.change.removes.repositories)).toEqual(['acme/handbook', ...DATA]);
    const sizes = body.change.removes.repositories.map(({ sizeBytes }: Json) => sizeBytes);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
    expect(sizes.reduce((sum: number, size: number) => sum + size, 0)).toBe(body.change.removes.sizeBytes);
    expect(await registry.paths()).toEqual([...ALL].sort());
    expect((await registry.ask('GET', '/selection')).body.mode).toBe('all');
    expect(await log()).toHaveLength(before);
  });

  it('shows in a dry run what would come, as the primary has it now', async () => {
    await registry.select('WEB');
    const { body } = await choose({ mode: 'selected', projectKeys: ['DATA', 'WEB'], dryRun: true });
    expect(body.change.adds).toMatchObject({ projectKeys: ['DATA'], count: 2 });
    expect(paths(body.change.adds.repositories).sort()).toEqual(DATA);
    expect(body.change.removes.count).toBe(0);
    const unknown = await choose({ mode: 'selected', projectKeys: ['NOPE'], dryRun: true });
    expect(unknown.status).toBe(404);
    // Whoever knows no project yet asks for all the same.
    await query(registry.databaseUrl, 'DELETE FROM project');
    const all = await choose({ mode: 'all', dryRun: true });
    expect(all.body.change.adds).toMatchObject({ count: 3, complete: true });
  });

  it('may keep a project that the primary does not show any more, and change beside it', async () => {
    await registry.select('WEB', 'DATA');
    await registry.untilPaths([...WEB, ...DATA]);
    await query(registry.databaseUrl, `UPDATE selection SET project_keys = '{DATA,GONE,WEB}'`);
    expect((await choose({ mode: 'selected', projectKeys: ['GONE', 'NOPE'] })).status).toBe(404);
    const { status, body } = await choose({ mode: 'selected', projectKeys: ['GONE', 'PUB', 'WEB'] });
    expect([status, body.projectKeys]).toEqual([200, ['GONE', 'PUB', 'WEB']]);
    await registry.untilPaths([...WEB, 'acme/handbook']);
  });

  it('leaves public repositories to the primary where they are excluded, and names them', async () => {
    using watched = registry.watch();
    await watched.until(ALL);
    const exposing = async (): Promise<Json> => (await registry.ask('GET', '/public-repositories')).body;
    expect(await exposing()).toMatchObject({
      policy: 'include',
      values: [{ path: 'acme/handbook', mirrored: true }],
    });
    const preview = await choose({ mode: 'all', publicRepositories: 'exclude', dryRun: true });
    expect(paths(preview.body.change.removes.repositories)).toEqual(['acme/handbook']);
    await choose({ mode: 'all', publicRepositories: 'exclude' });
    await watched.until(PRIVATE);
    expect(await exposing()).toMatchObject({
      policy: 'exclude',
      values: [{ path: 'acme/handbook', mirrored: false }],
    });

    // A choice of projects leaves the policy as it is, and discovery obeys it.
    await registry.select('WEB', 'PUB');
    await registry.untilPaths(WEB);
    await choose({ mode: 'all' });
    await watched.until(PRIVATE);
    await sim.control.create('acme/leaflet', 'PUB', 'private');
    await choose({ mode: 'all' });
    await watched.until([...PRIVATE, 'acme/leaflet']);
    await sim.control.change('acme/leaflet', { is_private: false });
    await choose({ mode: 'all' });
    await watched.until(PRIVATE);
    await sim.control.remove('acme/leaflet');

    const opened = await choose({ mode: 'all', publicRepositories: 'include', dryRun: true });
    expect(paths(opened.body.change.adds.repositories)).toEqual(['acme/handbook']);
  });

  it('tells the edges of a project whose answers must be fresher, at once', async () => {
    using watched = registry.watch();
    await watched.until(ALL);
    const freshness = (path: string): string | undefined =>
      [...watched.byId.values()].find((one) => one.path === path)?.freshness;
    const set = (key: string, policy: Json): Promise<{ status: number; body: Json }> =>
      registry.ask('PUT', `/projects/${key}/policy`, policy);
    expect(freshness('acme/pipelines')).toBe('');
    expect(await set('DATA', { freshness: 'bounded:60' })).toMatchObject({ status: 200 });
    await eventually(() => DATA.every((path) => freshness(path) === 'bounded:60'));
    expect(freshness('acme/storefront')).toBe('');
    const listed = (await registry.ask('GET', '/projects')).body.values;
    const fresher = { freshness: 'bounded:60', lfsPrefetch: null };
    expect(listed.find(({ key }: Json) => key === 'DATA').policy).toEqual(fresher);
    expect((await set('DATA', { freshness: 'sometimes' })).status).toBe(400);
    expect((await set('NOPE', { freshness: 'strict' })).status).toBe(404);
    await set('DATA', { freshness: null });
    await eventually(() => freshness('acme/pipelines') === '');
    const [entry, earlier] = await log();
    expect(entry).toMatchObject({
      action: 'project.policy_changed',
      subject: 'DATA',
      before: fresher,
      after: { freshness: null, lfsPrefetch: null },
    });
    expect(earlier.after).toEqual(fresher);
  });

  it('tells lfs of a project whose large files are only brought when somebody asks for them', async () => {
    using watched = registry.watch();
    await watched.until(ALL);
    const { LFS_PREFETCH_OFF, LFS_PREFETCH_UNSPECIFIED } = wire.LfsPrefetch;
    const prefetch = (path: string): wire.LfsPrefetch | undefined =>
      [...watched.byId.values()].find((one) => one.path === path)?.lfsPrefetch;
    const set = (policy: Json): Promise<{ status: number; body: Json }> =>
      registry.ask('PUT', '/projects/DATA/policy', policy);
    await set({ freshness: 'strict' });
    // What is not named stays as it is.
    expect((await set({ lfsPrefetch: 'off' })).body).toEqual({ freshness: 'strict', lfsPrefetch: 'off' });
    await eventually(() => DATA.every((path) => prefetch(path) === LFS_PREFETCH_OFF));
    expect(prefetch('acme/storefront')).toBe(LFS_PREFETCH_UNSPECIFIED);
    expect((await set({ lfsPrefetch: 'sometimes' })).status).toBe(400);
    expect((await set({ freshness: null })).body).toEqual({ freshness: null, lfsPrefetch: 'off' });
    await set({ lfsPrefetch: null });
    await eventually(() => DATA.every((path) => prefetch(path) === LFS_PREFETCH_UNSPECIFIED));
    const [entry] = await log();
    expect(entry).toMatchObject({ before: { lfsPrefetch: 'off' }, after: { lfsPrefetch: null } });
  });

  it('is written down whenever it changes: who, what, when and from where', async () => {
    await registry.select('WEB');
    const body = JSON.stringify({ mode: 'selected', projectKeys: ['WEB', 'PUB'] });
    const authorization = 'Bearer the-admin-token-of-the-tests';
    const headers = { authorization, 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.7' };
    await fetch(`${registry.url}/-/api/v1/selection`, { method: 'PUT', headers, body });
    await fetch(`${registry.url}/-/api/v1/selection`, { method: 'PUT', headers, body });
    const [entry, earlier] = await log();
    expect(entry).toMatchObject({
      actor: 'bootstrap token',
      address: '203.0.113.7',
      action: 'selection.changed',
      before: { all: false, projectKeys: ['WEB'] },
      after: { all: false, projectKeys: ['PUB', 'WEB'], removedRepositories: 0 },
    });
    expect(Date.now() - Date.parse(entry.at)).toBeLessThan(60_000);
    expect(earlier).toMatchObject({
      address: '127.0.0.1',
      before: { all: true },
      after: { removedRepositories: 3 },
    });
  });

  it('has a log that comes page by page, without gaps and twins', async () => {
    const all = await whole();
    const seen: Json[] = [];
    let cursor: string | null = null;
    do {
      const page: Json = (await registry.ask('GET', `/audit?limit=2${cursor ? `&cursor=${cursor}` : ''}`))
        .body;
      seen.push(...page.values);
      cursor = page.next;
    } while (cursor);
    expect(seen).toEqual(all);
    expect((await registry.ask('GET', '/audit?cursor=nonsense')).status).toBe(400);
  });
});
