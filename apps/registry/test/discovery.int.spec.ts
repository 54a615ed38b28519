import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  eventually,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { DiscoveryService } from '../src/discovery/discovery.service.js';
import { query, queuedSyncs, Registry } from './open-registry.js';

const WEB = ['acme/storefront', 'acme/checkout-api', 'acme/design-system', 'acme/playground'];
const DATA = ['acme/pipelines', 'acme/warehouse'];
const PUB = ['acme/handbook'];
const ALL = [...WEB, ...DATA, ...PUB];

describe('discovery', () => {
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
    await sim.control.heal();
    await registry.select('*');
    await registry.untilPaths(ALL);
  });

  const sweep = (kind: 'recent' | 'full' = 'full'): void =>
    registry.app.get(DiscoveryService).sweepSoon(kind);
  const idOf = async (path: string): Promise<string> =>
    (await registry.ask('GET', `/repositories?q=${encodeURIComponent(path)}`)).body.values[0].id;
  const create = async (...slugs: string[]): Promise<string[]> => {
    for (const slug of slugs) await sim.control.create(`acme/${slug}`, 'WEB');
    sweep();
    const paths = slugs.map((slug) => `acme/${slug}`);
    await registry.untilPaths([...ALL, ...paths]);
    return paths;
  };

  it('finds the repositories of the selected projects, and tells watchers at once', async () => {
    await registry.select();
    using watched = registry.watch();
    await watched.until([]);
    await registry.select('WEB');
    await watched.until(WEB);
    await registry.select('WEB', 'PUB');
    await watched.until([...WEB, ...PUB]);
    const handbook = [...watched.byId.values()].find(({ path }) => path === 'acme/handbook');
    expect(handbook).toMatchObject({ public: true, projectKey: 'PUB' });
  });

  it('drops what is no longer selected at once, without asking the primary', async () => {
    using watched = registry.watch();
    await sim.control.withFaults({ down: 'unavailable' }, async () => {
      await registry.select('DATA');
      expect(await registry.paths()).toEqual(DATA);
      await watched.until(DATA);
    });
  });

  it('follows a repository through rename, move and new visibility by its UUID', async () => {
    const [path] = await create('wanderer');
    const id = await idOf('acme/wanderer');
    using watched = registry.watch();
    await watched.until([...ALL, path as string]);
    await sim.control.change('acme/wanderer', { name: 'Settler' });
    await sim.control.change('acme/settler', { project: { key: 'PUB' } });
    await sim.control.change('acme/settler', { is_private: false });
    sweep('recent');
    await eventually(() => watched.byId.get(id)?.public === true);
    expect(watched.byId.get(id)).toMatchObject({ path: 'acme/settler', projectKey: 'PUB', public: true });
    expect(watched.paths).not.toContain('acme/wanderer');
    await sim.control.remove('acme/settler');
    sweep();
    await watched.until(ALL);
  });

  it('lets go of a repository that moves to a project which is not selected', async () => {
    await create('leaver');
    await registry.select('WEB');
    await registry.untilPaths([...WEB, 'acme/leaver']);
    await sim.control.change('acme/leaver', { project: { key: 'DATA' } });
    sweep();
    await registry.untilPaths(WEB);
    await sim.control.remove('acme/leaver');
  });

  it('asks every node for a sync when a repository has moved', async () => {
    await registry.report('syd-1');
    await registry.report('local');
    const id = await idOf('acme/storefront');
    await eventually(async () => (await query(registry.databaseUrl, 'SELECT name FROM node')).length === 2);
    await sim.control.commit('acme/storefront');
    sweep('recent');
    for (const node of ['local', 'syd-1']) {
      await eventually(async () =>
        (await queuedSyncs(redis, node)).some(
          ({ repositoryId, reason }) => repositoryId === id && reason === 'sweep',
        ),
      );
    }
  });

  it('does not forget a movement that it could not pass on, with Redis away', async () => {
    await registry.report('local');
    const id = await idOf('acme/pipelines');
    await redis.stop();
    try {
      await sim.control.commit('acme/pipelines');
      const before = (await registry.ask('GET', '/status')).body.sweep.lastAt;
      sweep('recent');
      await eventually(async () => (await registry.ask('GET', '/status')).body.sweep.lastAt !== before);
    } finally {
      await redis.start();
    }
    await eventually(async () => (await registry.ask('GET', '/status')).body.checks.redis === 'ok');
    sweep('recent');
    await eventually(async () =>
      (await queuedSyncs(redis, 'local')).some(({ repositoryId }) => repositoryId === id),
    );
  });

  it('removes a repository that is gone from the primary', async () => {
    await create('short-lived');
    await sim.control.remove('acme/short-lived');
    sweep();
    await registry.untilPaths(ALL);
  });

  it('does not take an expired token for a deletion', async () => {
    const { mirrorToken } = sim.state;
    await sim.control.control('DELETE', `/tokens/${mirrorToken}`);
    try {
      sweep();
      const { body } = await eventually(async () => {
        const shown = await registry.ask('GET', '/connection');
        return shown.body.error !== null && shown;
      });
      // Once is a hiccup: nobody is alarmed before the second look.
      expect([body.state, body.error.code]).toEqual(['connected', 'unauthenticated']);
      expect(await registry.paths()).toEqual([...ALL].sort());
    } finally {
      await sim.control.control('POST', `/tokens/${mirrorToken}/restore`);
    }
    sweep();
    await eventually(async () => (await registry.ask('GET', '/connection')).body.error === null);
  });

  it('asks before it removes many at once, and goes on when an admin agrees', async () => {
    const doomed = await create('doomed-1', 'doomed-2', 'doomed-3', 'doomed-4');
    for (const path of doomed) await sim.control.remove(path);
    sweep();
    const suspended = await eventually(
      async () => (await registry.ask('GET', '/status')).body.removalSuspended ?? undefined,
    );
    expect(suspended).toMatchObject({ count: 4, paths: expect.arrayContaining(doomed) });
    expect(await registry.paths()).toEqual(expect.arrayContaining(doomed));
    expect((await registry.ask('POST', '/removals/confirm', { count: 3 })).status).toBe(409);
    expect((await registry.ask('POST', '/removals/confirm', { count: 4 })).status).toBe(202);
    await registry.untilPaths(ALL);
    expect((await registry.ask('GET', '/status')).body.removalSuspended).toBeNull();
  });

  it('needs no word from anybody when suspended repositories come back', async () => {
    await query(
      registry.databaseUrl,
      `UPDATE connection SET suspended_ids = ARRAY['x'], suspended_at = now()`,
    );
    sweep();
    await eventually(async () => (await registry.ask('GET', '/status')).body.removalSuspended === null);
  });

  it('keeps what it knows while the primary is away', async () => {
    await sim.control.withFaults({ down: 'destroy' }, async () => {
      sweep();
      await eventually(async () => (await registry.ask('GET', '/connection')).body.error !== null);
      expect((await registry.ask('GET', '/connection')).body.state).toBe('connected');
      using watched = registry.watch('late');
      await watched.until(ALL);
    });
  });

  it('refuses to select a project that the primary does not have', async () => {
    const { status, body } = await registry.ask('PUT', '/selection', {
      mode: 'selected',
      projectKeys: ['WEB', 'NOPE'],
    });
    expect([status, body.code, body.detail]).toEqual([404, 'not_found', 'The primary has no project NOPE.']);
    expect((await registry.ask('GET', '/selection')).body.mode).toBe('all');
  });
});
