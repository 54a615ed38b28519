import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
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
import { freshDatabase, Registry } from './open-registry.js';

const WEB = ['acme/storefront', 'acme/checkout-api', 'acme/design-system', 'acme/playground'];

describe('several instances of one registry', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;

  beforeAll(async () => {
    [postgres, redis, sim] = await Promise.all([startPostgres(), startRedis(), startSim()]);
  }, 180_000);

  afterAll(async () => {
    await Promise.all([postgres, redis, sim].map((one) => one?.[Symbol.asyncDispose]()));
  });

  const openThree = async (): Promise<Registry[]> => {
    const databaseUrl = await freshDatabase(postgres);
    const neighbours = { postgres, redis, sim };
    return Promise.all([1, 2, 3].map(() => Registry.open({ neighbours, databaseUrl })));
  };
  const closeAll = async (instances: readonly Registry[]): Promise<void> => {
    await Promise.all(instances.map((instance) => instance[Symbol.asyncDispose]()));
  };

  it('tell their watchers of what another has changed, and take turns in sweeping', async () => {
    const instances = await openThree();
    const [first, , third] = instances as [Registry, Registry, Registry];
    const watched = instances.map((instance, n) => instance.watch(`node-${n}`));
    try {
      await Promise.all(watched.map((one) => one.until([])));
      await first.select('WEB');
      await Promise.all(watched.map((one) => one.until(WEB)));
      await third.select();
      await Promise.all(watched.map((one) => one.until([])));
      // Three that want to sweep at the same time: each repository is asked for once per turn, never torn apart.
      await first.select('WEB', 'DATA');
      for (const instance of instances) instance.app.get(DiscoveryService).sweepSoon('full');
      await Promise.all(watched.map((one) => one.until([...WEB, 'acme/pipelines', 'acme/warehouse'])));
    } finally {
      watched.forEach((one) => one[Symbol.dispose]());
      await closeAll(instances);
    }
  });

  it('go on after PostgreSQL was away: watchers keep what they have, and hear of what comes after', async () => {
    const instances = await openThree();
    const [first, second] = instances as [Registry, Registry, Registry];
    const watched = second.watch();
    try {
      await first.select('WEB');
      await watched.until(WEB);
      await postgres.stop('immediate');
      await sleep(500);
      expect(watched.isLost).toBe(false);
      // Who comes now gets what was known.
      using late = second.watch('late');
      await late.until(WEB);
      expect((await second.ask('GET', '/repositories')).status).toBeGreaterThanOrEqual(500);
      await postgres.start();
      await eventually(
        async () =>
          (await first.ask('PUT', '/selection', { mode: 'selected', projectKeys: ['PUB'] })).status === 200,
        { timeoutMs: 20_000 },
      );
      await watched.until(['acme/handbook']);
      await late.until(['acme/handbook']);
    } finally {
      watched[Symbol.dispose]();
      await closeAll(instances);
    }
  });

  it('end their streams when they end, so that watchers go elsewhere', async () => {
    const only = await Registry.open({ neighbours: { postgres, redis, sim } });
    const watched = only.watch();
    await watched.until([]);
    await only[Symbol.asyncDispose]();
    await eventually(() => watched.isLost);
  });
});
