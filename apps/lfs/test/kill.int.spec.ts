import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CHECKOUT, Child, eventually, freePort } from '@antipode/testing';
import { givenPrimary, query, type GivenPrimary } from './given-primary.js';
import { LfsCaller, SECRET_KEY } from './open-lfs.js';

const PATH = 'acme/storefront';

let house: GivenPrimary;

beforeAll(async () => {
  house = await givenPrimary();
}, 120_000);

afterAll(async () => {
  await house[Symbol.asyncDispose]();
});

/** The service as a process of its own, from this checkout's sources. */
function startProcess(env: Readonly<Record<string, string>>): Child {
  const loader = join(CHECKOUT, 'apps/sync/test/from-sources.mjs');
  return new Child(process.execPath, ['--import', loader, join(CHECKOUT, 'apps/lfs/src/main.ts')], {
    cwd: CHECKOUT,
    env: { PATH: process.env['PATH'], ...env },
  });
}

it('loses nothing when it is killed while it brings objects, and brings none of them twice', async () => {
  const objects = await house.put(PATH, ...Array.from({ length: 40 }, (_, at) => `of many ${at}`));
  const port = await freePort();
  const env = await house.settings({
    GRPC_LISTEN: `127.0.0.1:${port}`,
    HTTP_PORT: '0',
    SECRET_KEY,
    FILL_CONCURRENCY: '4',
    // So that the moment is not missed.
    LOG_LEVEL: 'debug',
  });
  await house.sim.control.faults({ latencyMs: { lfs: 50 }, lfs: [{ kind: 'slow', firstByteMs: 100 }] });
  const caller = new LfsCaller(`127.0.0.1:${port}`, (path) => house.registry.idOf(path));
  const stored = (): Promise<{ oid: string }[]> => query(env['DATABASE_URL'] ?? '', 'SELECT oid FROM stored');
  const first = startProcess(env);
  let second: Child | undefined;
  try {
    await eventually(() => caller.take(PATH, ...objects).then(() => true), { timeoutMs: 30_000 });
    await eventually(async () => (await stored()).length >= 5);
    await first.end('SIGKILL');
    const before = await stored();
    expect(before.length).toBeLessThan(objects.length);
    await house.sim.control.resetCounters();
    await house.sim.control.heal();

    second = startProcess(env);
    const told = await eventually(() => caller.follow(PATH), { timeoutMs: 30_000 });
    expect(told.at(-1)).toMatchObject({ missing: 0, present: objects.length });
    for (const { oid } of objects) {
      const file = join(env['ANTIPODE_DATA'] ?? '', 'lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid);
      expect(await readFile(file, 'utf8')).toContain('of many');
    }
    for (const { oid } of before) expect((await house.sim.control.lfs.traffic(oid)).downloads).toBe(0);
  } finally {
    caller.client.close();
    await first.end('SIGKILL');
    await second?.end('SIGTERM');
  }
}, 60_000);
