import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openSecret } from '@antipode/postgres';
import {
  eventually,
  freePort,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { query, queuedSyncs, Registry } from './open-registry.js';

describe('webhooks', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;
  let registry: Registry;
  let hookUrl: string;
  let secret: string;

  beforeAll(async () => {
    [postgres, redis, sim] = await Promise.all([startPostgres(), startRedis(), startSim()]);
    await sim.control.control('PATCH', '/settings', { allowInternalHookUrls: true });
    const port = await freePort();
    const env = { HTTP_PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` };
    registry = await Registry.open({ neighbours: { postgres, redis, sim }, env });
    await registry.select('*');
    await eventually(async () => (await registry.ask('GET', '/connection')).body.webhook.state === 'active');
    await eventually(async () => (await registry.paths()).length === 7);
    await registry.report('local');
    const [row] = await query(registry.databaseUrl, 'SELECT hook_url, hook_secret FROM connection');
    hookUrl = row.hook_url;
    secret = openSecret(row.hook_secret, 'ab'.repeat(32));
  }, 180_000);

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await Promise.all([postgres, redis, sim].map((one) => one?.[Symbol.asyncDispose]()));
  });

  beforeEach(async () => {
    await sim.control.heal();
    await clearQueue();
  });

  const clearQueue = async (): Promise<void> => {
    await redis.stop();
    await redis.start();
    await eventually(async () => (await registry.ask('GET', '/status')).body.checks.redis === 'ok');
  };
  const idOf = async (path: string): Promise<string> =>
    (await registry.ask('GET', `/repositories?q=${encodeURIComponent(path)}`)).body.values[0].id;
  const pushBody = (id: string): string =>
    JSON.stringify({ push: { changes: [] }, repository: { uuid: `{${id}}`, full_name: 'acme/storefront' } });
  const sign = (body: string, key = secret): string =>
    `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
  const deliver = (
    body: string | Buffer,
    headers: Record<string, string> = {},
    url = hookUrl,
  ): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-event-key': 'repo:push',
        'x-request-uuid': randomUUID(),
        'x-hub-signature': sign(body.toString()),
        ...headers,
      },
    });
  const deliveries = (): Promise<{ handled_at: Date | null }[]> =>
    query(registry.databaseUrl, 'SELECT handled_at FROM delivery');

  it('are subscribed to on the primary, with a secret that is encrypted in the database', async () => {
    const { hooks } = await sim.control.state();
    expect(hooks).toMatchObject([{ url: hookUrl, secret, active: true }]);
    const [{ stored }] = await query(
      registry.databaseUrl,
      `SELECT encode(hook_secret, 'escape') AS stored FROM connection`,
    );
    expect(stored).not.toContain(secret);
  });

  it('turn a push into a sync on every node', async () => {
    const id = await idOf('acme/storefront');
    await sim.control.commit('acme/storefront');
    await eventually(async () =>
      (await queuedSyncs(redis, 'local')).some(
        ({ repositoryId, reason }) => repositoryId === id && reason === 'webhook',
      ),
    );
  });

  it('cost the primary nothing when they tell of a repository that is not mirrored', async () => {
    const before = (await sim.control.counters()).rest.requests;
    expect((await deliver(pushBody(randomUUID()))).status).toBe(202);
    await eventually(async () => (await deliveries()).every(({ handled_at }) => handled_at !== null));
    expect((await sim.control.counters()).rest.requests).toBe(before);
  });

  it('make a new repository appear, and follow its rename', async () => {
    // Hints are followed every few seconds only.
    const patience = { timeoutMs: 30_000 };
    using watched = registry.watch();
    await sim.control.create('acme/newcomer', 'WEB');
    await eventually(() => watched.paths.includes('acme/newcomer'), patience);
    await sim.control.change('acme/newcomer', { name: 'Regular' });
    const isRenamed = (): boolean =>
      watched.paths.includes('acme/regular') && !watched.paths.includes('acme/newcomer');
    await eventually(isRenamed, patience);
    await sim.control.remove('acme/regular');
    await eventually(() => !watched.paths.includes('acme/regular'), patience);
  });

  it('are answered before the work, and once', async () => {
    const before = (await deliveries()).length;
    const body = pushBody(await idOf('acme/storefront'));
    const headers = { 'x-request-uuid': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 5 }, () => deliver(body, headers)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 202]);
    expect(await deliveries()).toHaveLength(before + 1);
    expect((await deliver(body, headers)).status).toBe(200);
  });

  it('count as another delivery when only their id or only their body differs', async () => {
    const id = await idOf('acme/storefront');
    const headers = { 'x-request-uuid': randomUUID() };
    expect((await deliver(pushBody(id), headers)).status).toBe(202);
    expect((await deliver(`${pushBody(id)} `, headers)).status).toBe(202);
    expect((await deliver(pushBody(id))).status).toBe(202);
  });

  it('are refused alike when forged, unsigned or for an unknown webhook', async () => {
    const body = pushBody(await idOf('acme/storefront'));
    const before = (await deliveries()).length;
    const unknown = hookUrl.replace(/[^/]+$/, randomUUID());
    const refusals = [
      await deliver(body, { 'x-hub-signature': sign(body, 'another secret') }),
      await deliver(body, { 'x-hub-signature': sign(`${body} `) }),
      await deliver(body, { 'x-hub-signature': '' }),
      await deliver(body, { 'x-hub-signature': 'sha256=' }),
      await deliver(body, {}, unknown),
      await deliver(body, {}, hookUrl.replace(/[^/]+$/, '..%2f..%2fetc')),
      await deliver(body, { 'x-hub-signature': sign(body, 'no such webhook') }, unknown),
    ];
    const told = await Promise.all(refusals.map(async (answer) => `${answer.status} ${await answer.text()}`));
    expect(new Set(told).size).toBe(1);
    expect(told[0]).toMatch(/^401 /);
    expect(await deliveries()).toHaveLength(before);
  });

  it('are refused when larger than a mebibyte, without being read to the end', async () => {
    expect((await deliver('x'.repeat(1_048_577))).status).toBe(413);
    expect(await endlessBody(hookUrl)).toBe(413);
  });

  it('are refused when compressed or no JSON', async () => {
    const body = pushBody(await idOf('acme/storefront'));
    expect((await deliver(gzipSync(body), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await deliver('{"push":')).status).toBe(400);
  });

  it('wait in the database while Redis is away', async () => {
    const id = await idOf('acme/warehouse');
    await redis.stop();
    try {
      expect((await deliver(pushBody(id))).status).toBe(202);
    } finally {
      await redis.start();
    }
    await eventually(
      async () => (await queuedSyncs(redis, 'local')).some(({ repositoryId }) => repositoryId === id),
      { timeoutMs: 30_000 },
    );
    await eventually(async () => (await deliveries()).every(({ handled_at }) => handled_at !== null));
  });

  it('are asked for again, by a 5xx, while the database is away', async () => {
    const body = pushBody(await idOf('acme/warehouse'));
    await postgres.stop('immediate');
    try {
      expect((await deliver(body)).status).toBe(503);
    } finally {
      await postgres.start();
    }
    await eventually(async () => (await deliver(body)).status === 202);
  });

  it('are put right when somebody has deleted the subscription', async () => {
    const [hook] = (await sim.control.state()).hooks;
    await sim.control.rest('DELETE', `/workspaces/acme/hooks/${encodeURIComponent(hook?.uuid ?? '')}`);
    await query(registry.databaseUrl, 'UPDATE connection SET hook_checked_at = NULL');
    await registry.select('*');
    await eventually(async () => (await sim.control.state()).hooks.some(({ url }) => url === hookUrl));
  });

  it('are done without where the primary refuses them, and the reason can be seen', async () => {
    await sim.control.control('PATCH', '/settings', { allowInternalHookUrls: false });
    await using other = await Registry.open({
      neighbours: { postgres, redis, sim },
      env: { PUBLIC_URL: 'http://127.0.0.1:1' },
    });
    await other.select('PUB');
    await other.untilPaths(['acme/handbook']);
    const reason = await eventually(async () => {
      const { webhook } = (await other.ask('GET', '/connection')).body;
      expect(webhook.state).toBe('polling');
      return webhook.reason !== 'The webhook has not been created yet.' && webhook.reason;
    });
    expect(reason).toMatch(/./);
    expect((await other.ask('GET', '/connection')).body.state).toBe('connected');
  });
});

/** Sends for as long as it is let; the answer's status. */
function endlessBody(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sending = request(
      url,
      { method: 'POST', headers: { 'transfer-encoding': 'chunked' } },
      (response) => {
        clearInterval(timer);
        resolve(response.statusCode ?? 0);
        sending.destroy();
      },
    );
    const timer = setInterval(() => sending.write(Buffer.alloc(65_536)), 1);
    sending.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
  });
}
