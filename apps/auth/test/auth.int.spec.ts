import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually, startRedis, startSim, type RunningRedis, type RunningSim } from '@antipode/testing';
import { openAuth, type OpenAuth } from './open-auth.js';

let sim: RunningSim;
let redis: RunningRedis;
let look: Redis;

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

beforeAll(async () => {
  [sim, redis] = await Promise.all([startSim(), startRedis()]);
  look = new Redis(redis.url);
  look.on('error', () => undefined);
}, 120_000);

beforeEach(async () => {
  await look.flushall();
  await sim.control.resetCounters();
});

afterEach(() => sim.control.heal());

afterAll(async () => {
  look.disconnect();
  await sim[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
});

const open = (env: Readonly<Record<string, string>> = {}): Promise<OpenAuth> =>
  openAuth({
    PRIMARY_GIT_URL: sim.url,
    PRIMARY_API_URL: sim.api,
    PRIMARY_WORKSPACE: 'acme',
    REDIS_URL: redis.url,
    ...env,
  });

function person(role: string) {
  const user = sim.state.users.find((one) => one.role === role);
  if (!user) throw new Error(`the sample has no ${role}`);
  return { ...user, git: basic(user.username, user.apiToken) };
}

/** Waits until the simulator has counted all that it answered. */
async function questions(): Promise<number> {
  let before = -1;
  return eventually(
    async () => {
      const now = (await sim.control.counters()).git.requests;
      const settled = now === before;
      before = now;
      return settled ? { now } : undefined;
    },
    { everyMs: 60 },
  ).then(({ now }) => now);
}

describe('who may do what', () => {
  it('is the primary’s own answer, for each of its people and each of its repositories', async () => {
    await using auth = await open();
    const slugs = ['storefront', 'checkout-api', 'pipelines', 'handbook', 'none'];
    const seen = async (authorization: string, right: 'read' | 'write') => {
      const all = slugs.map((slug) =>
        auth.outcome({ path: `acme/${slug}`, right, authorization, from: authorization }),
      );
      return (await Promise.all(all)).map((outcome) => (outcome === 'allowed' ? '+' : outcome)).join(' ');
    };
    const nothing = 'not_found not_found not_found not_found not_found';
    expect(await seen(person('owner').git, 'read')).toBe('+ + + + not_found');
    expect(await seen(person('owner').git, 'write')).toBe('+ + + + not_found');
    expect(await seen(person('writer').git, 'write')).toBe('+ + + + not_found');
    expect(await seen(person('reader').git, 'read')).toBe('+ + not_found + not_found');
    expect(await seen(person('reader').git, 'write')).toBe(nothing);
    expect(await seen(person('stranger').git, 'read')).toBe('not_found not_found not_found + not_found');
    expect(await seen(person('stranger').git, 'write')).toBe(nothing);
  });

  it('is asked of a nobody in one way, but for what is public', async () => {
    await using auth = await open();
    expect(await auth.outcome({ path: 'acme/handbook' })).toBe('allowed');
    expect((await auth.ask({ path: 'acme/handbook' })).principal).toBe('');
    const others = [
      { path: 'acme/storefront' },
      { path: 'acme/none' },
      { path: 'acme/handbook', right: 'write' as const },
    ];
    for (const asked of others) expect(await auth.outcome(asked)).toBe('unauthenticated');
    await questions();
    await sim.control.resetCounters();
    for (const asked of [{ path: 'acme/handbook' }, ...others]) await auth.outcome(asked);
    expect(await questions()).toBe(0);
  });

  it('holds for every form of credential that git may send, and for no impostor', async () => {
    await using auth = await open();
    const { username, email, apiToken } = person('reader');
    const forms = {
      [basic(username, apiToken)]: 'allowed',
      [basic('x-bitbucket-api-token-auth', apiToken)]: 'allowed',
      [basic('x-token-auth', sim.state.mirrorToken)]: 'allowed',
      [`Bearer ${sim.state.mirrorToken}`]: 'allowed',
      [basic(email, apiToken)]: 'unauthenticated',
      [basic(username, `${apiToken}x`)]: 'unauthenticated',
      [basic('walter', apiToken)]: 'unauthenticated',
      ['Bearer guessed']: 'unauthenticated',
      ['Basic !!!']: 'unauthenticated',
      ['Negotiate abc']: 'unauthenticated',
      ['Basic \u0000\r\nX-Evil: 1']: 'unauthenticated',
    };
    for (const [authorization, outcome] of Object.entries(forms)) {
      expect([authorization, await auth.outcome({ path: 'acme/storefront', authorization })]).toEqual([
        authorization,
        outcome,
      ]);
    }
  });

  it('comes with the primary’s sentence where there is one', async () => {
    await using auth = await open();
    const { secret } = await sim.control.control<{ secret: string }>('POST', '/tokens', {
      kind: 'api',
      user: 'walter',
      scopes: ['read:user:bitbucket'],
    });
    const asked = { path: 'acme/storefront', authorization: basic('walter', secret) };
    for (let i = 0; i < 2; i += 1) {
      await expect(auth.ask(asked)).rejects.toMatchObject({
        code: 'denied',
        hint: 'Your credentials lack one or more required privilege scopes.',
      });
    }
  });

  it.each(['Acme/Storefront', 'acme/storefront.git', 'acme', '-/api', ''])(
    'is not asked about %j',
    async (path) => {
      await using auth = await open();
      expect(await auth.outcome({ path, authorization: person('owner').git })).toBe('invalid');
      expect(await questions()).toBe(0);
    },
  );
});

describe('a verdict', () => {
  it('stands for its time, the same in the answer and in Redis, and is shared by all instances', async () => {
    await using auth = await open();
    await using other = await open();
    const asked = { path: 'acme/storefront', authorization: person('reader').git };
    const before = Date.now();
    const first = await auth.ask(asked);
    expect(await other.ask(asked)).toEqual(first);
    expect(await auth.ask(asked)).toEqual(first);
    expect(await questions()).toBe(1);
    expect(first.validUntilMs - before).toBeLessThanOrEqual(61_000);
    const [key] = await look.keys('antipode:auth:verdict:*');
    expect(Math.abs(Date.now() + (await look.pttl(key ?? '')) - first.validUntilMs)).toBeLessThan(50);
  });

  it('ends: a revoked token is refused within the verdict’s life', async () => {
    await using auth = await open({ VERDICT_SECONDS: '1', NEGATIVE_VERDICT_SECONDS: '1' });
    const { secret } = await sim.control.control<{ secret: string }>('POST', '/tokens', {
      kind: 'repository',
      workspace: 'acme',
      repository: 'storefront',
      scopes: ['repository'],
    });
    const asked = { path: 'acme/storefront', authorization: basic('x-token-auth', secret) };
    const { validUntilMs } = await auth.ask(asked);
    await sim.control.control('DELETE', `/tokens/${secret}`);
    await sleep(validUntilMs - Date.now() + 20);
    expect(await auth.outcome(asked)).toBe('unauthenticated');
  });

  it('dies with its credential: one 401 ends every yes of the same token', async () => {
    await using auth = await open();
    const { secret } = await sim.control.control<{ secret: string }>('POST', '/tokens', {
      kind: 'workspace',
      workspace: 'acme',
      scopes: ['repository'],
    });
    const authorization = basic('x-token-auth', secret);
    expect(await auth.outcome({ path: 'acme/storefront', authorization })).toBe('allowed');
    await sim.control.control('DELETE', `/tokens/${secret}`);
    expect(await auth.outcome({ path: 'acme/storefront', authorization })).toBe('allowed');
    expect(await auth.outcome({ path: 'acme/pipelines', authorization })).toBe('unauthenticated');
    expect(await auth.outcome({ path: 'acme/storefront', authorization })).toBe('unauthenticated');
  });

  it('of no is short: who has just been let in is let in', async () => {
    await using auth = await open({ NEGATIVE_VERDICT_SECONDS: '1' });
    const asked = { path: 'acme/pipelines', authorization: person('reader').git };
    expect(await auth.outcome(asked)).toBe('not_found');
    await sim.control.control('PUT', '/workspaces/acme/projects/DATA/users/rita', { permission: 'read' });
    await eventually(async () => (await auth.outcome(asked)) === 'allowed', { everyMs: 200 });
    await sim.control.control('PUT', '/workspaces/acme/projects/DATA/users/rita', { permission: null });
  });

  it('to read is none to write', async () => {
    await using auth = await open();
    const asked = { path: 'acme/storefront', authorization: person('reader').git };
    expect(await auth.outcome({ ...asked, right: 'read' })).toBe('allowed');
    expect(await auth.outcome({ ...asked, right: 'write' })).toBe('not_found');
  });
});

describe('a crowd', () => {
  it('that asks the same costs one question', async () => {
    await using auth = await open();
    await sim.control.faults({ latencyMs: { git: 200 } });
    const asked = { path: 'acme/storefront', authorization: person('reader').git };
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, i) => auth.outcome({ ...asked, from: `192.0.2.${i % 5}` })),
    );
    expect(new Set(all)).toEqual(new Set(['allowed']));
    expect(await questions()).toBe(1);
  });

  it('costs one question also where it asks two instances', async () => {
    await using one = await open();
    await using two = await open();
    await sim.control.faults({ latencyMs: { git: 300 } });
    const asked = { path: 'acme/storefront', authorization: person('reader').git };
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).outcome(asked)));
    expect(new Set(all)).toEqual(new Set(['allowed']));
    expect(await questions()).toBe(1);
  });

  it('with different questions asks the primary no more than so many at once, and is turned away beyond the queue', async () => {
    await using auth = await open({ QUESTION_CONCURRENCY: '2', QUESTION_QUEUE: '3' });
    await sim.control.faults({ latencyMs: { git: 300 } });
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        auth.outcome({ path: `acme/none-${i}`, authorization: person('owner').git, from: `192.0.2.${i}` }),
      ),
    );
    expect(all.filter((outcome) => outcome === 'busy')).toHaveLength(7);
    expect(await questions()).toBe(5);
  });
});

describe('guessing', () => {
  it('ends after so many failures of one address, with a kind sentence, on every instance', async () => {
    await using auth = await open({ FAILURE_LIMIT: '5' });
    await using other = await open({ FAILURE_LIMIT: '5' });
    const guess = (i: number) => ({
      path: 'acme/storefront',
      authorization: basic('olivia', `guess-${i}`),
      from: '2001:db8::1',
    });
    const first = await Promise.all(Array.from({ length: 30 }, (_, i) => auth.outcome(guess(i))));
    expect(first.filter((outcome) => outcome === 'unauthenticated')).toHaveLength(5);
    expect(first.filter((outcome) => outcome === 'too_many_failures')).toHaveLength(25);
    expect(await questions()).toBe(5);
    await expect(other.ask({ ...guess(99), from: '2001:db8::ffff' })).rejects.toMatchObject({
      code: 'too_many_failures',
      hint: expect.stringMatching(/try again in \d+ s/),
    });
    expect(await other.outcome({ ...guess(99), from: '2001:db8:0:1::1' })).toBe('unauthenticated');
  });

  it('is no matter of success: those who may come, and those who came before, go on', async () => {
    await using auth = await open({ FAILURE_LIMIT: '3', FAILURE_WINDOW_SECONDS: '2' });
    const known = { path: 'acme/storefront', authorization: person('reader').git };
    for (let i = 0; i < 10; i += 1)
      expect(await auth.outcome({ ...known, path: i % 2 ? 'acme/storefront' : 'acme/handbook' })).toBe(
        'allowed',
      );
    for (let i = 0; i < 3; i += 1)
      await auth.outcome({ path: 'acme/storefront', authorization: basic('x', `${i}`) });
    expect(await auth.outcome({ path: 'acme/checkout-api', authorization: person('writer').git })).toBe(
      'too_many_failures',
    );
    expect(await auth.outcome(known)).toBe('allowed');
    expect(await auth.outcome({ path: 'acme/storefront' })).toBe('unauthenticated');
    await eventually(
      async () =>
        (await auth.outcome({ path: 'acme/checkout-api', authorization: person('writer').git })) ===
        'allowed',
    );
  });
});

describe('an outage of the primary', () => {
  const OUTAGES = [
    { down: 'destroy' as const },
    { down: 'unavailable' as const },
    { fail: [{ class: 'git' as const, status: 429 }] },
  ];

  it.each(OUTAGES)('lets nobody in by default: %j', async (faults) => {
    await using auth = await open({ VERDICT_SECONDS: '0.5' });
    const asked = { path: 'acme/storefront', authorization: person('reader').git };
    await auth.ask(asked);
    await sim.control.faults(faults);
    await sleep(600);
    expect(await auth.outcome(asked)).toBe('fail' in faults ? 'primary_limited' : 'primary_unavailable');
  });

  it.each(OUTAGES)(
    'lets an earlier yes stand where the policy says so, and only that: %j',
    async (faults) => {
      await using auth = await open({
        VERDICT_SECONDS: '0.5',
        NEGATIVE_VERDICT_SECONDS: '1',
        OUTAGE_POLICY: 'serve:4',
      });
      const asked = { path: 'acme/storefront', authorization: person('reader').git };
      await auth.ask(asked);
      const before = Date.now();
      await sim.control.faults(faults);
      await sleep(600);
      const standing = await auth.ask(asked);
      expect(standing.outage).toBe(true);
      expect(standing.validUntilMs).toBeLessThanOrEqual(Date.now() + 1000);
      expect(await auth.outcome({ ...asked, path: 'acme/handbook' })).toMatch(/^primary_/);
      expect(await auth.outcome({ ...asked, right: 'write' })).toMatch(/^primary_/);
      expect(await auth.outcome({ ...asked, authorization: person('writer').git })).toMatch(/^primary_/);
      await sleep(before + 4050 - Date.now());
      expect(await auth.outcome(asked)).toMatch(/^primary_/);
    },
  );

  it('brings no yes back that the primary has taken away', async () => {
    await using auth = await open({
      VERDICT_SECONDS: '0.5',
      NEGATIVE_VERDICT_SECONDS: '0.2',
      OUTAGE_POLICY: 'serve:60',
    });
    const { secret } = await sim.control.control<{ secret: string }>('POST', '/tokens', {
      kind: 'workspace',
      workspace: 'acme',
      scopes: ['repository'],
    });
    const asked = { path: 'acme/storefront', authorization: basic('x-token-auth', secret) };
    const elsewhere = { ...asked, path: 'acme/pipelines' };
    await auth.ask(asked);
    await auth.ask(elsewhere);
    await sim.control.control('DELETE', `/tokens/${secret}`);
    await sleep(600);
    expect(await auth.outcome(asked)).toBe('unauthenticated');
    await sim.control.faults({ down: 'destroy' });
    await sleep(300);
    expect(await auth.outcome(asked)).toBe('primary_unavailable');
    expect(await auth.outcome(elsewhere)).toBe('primary_unavailable');
  });

  it('is over as soon as the primary is back', async () => {
    await using auth = await open();
    const asked = { path: 'acme/storefront', authorization: person('reader').git };
    await sim.control.faults({ down: 'destroy' });
    expect(await auth.outcome(asked)).toBe('primary_unavailable');
    await sim.control.heal();
    expect(await auth.outcome(asked)).toBe('allowed');
  });
});

describe('the loss of Redis', () => {
  it('in the middle of everything costs memory instead of answers, and is told', async () => {
    const own = await startRedis();
    try {
      await using auth = await open({ REDIS_URL: own.url, FAILURE_LIMIT: '4' });
      await eventually(async () => (await auth.health.report()).checks['redis'] === 'ok');
      const asked = { path: 'acme/storefront', authorization: person('reader').git };
      expect(await auth.outcome(asked)).toBe('allowed');
      for (let i = 0; i < 2; i += 1) await auth.outcome({ ...asked, authorization: basic('x', `${i}`) });
      await own.stop();

      expect(await auth.outcome(asked)).toBe('allowed');
      expect(await auth.outcome({ ...asked, path: 'acme/handbook' })).toBe('allowed');
      expect(await questions()).toBe(4);
      for (let i = 2; i < 4; i += 1)
        expect(await auth.outcome({ ...asked, authorization: basic('x', `${i}`) })).toBe('unauthenticated');
      expect(await auth.outcome({ ...asked, authorization: basic('x', '5') })).toBe('too_many_failures');
      const report = await auth.health.report();
      expect(report.ok).toBe(true);
      expect(report.checks['redis']).not.toBe('ok');

      await own.start();
      await eventually(async () => (await auth.health.report()).checks['redis'] === 'ok');
      expect(await auth.outcome({ ...asked, path: 'acme/checkout-api', from: '192.0.2.9' })).toBe('allowed');
    } finally {
      await own[Symbol.asyncDispose]();
    }
  });

  it('from the start does not keep the service from its work', async () => {
    await using auth = await open({ REDIS_URL: 'redis://127.0.0.1:1' });
    expect(await auth.outcome({ path: 'acme/storefront', authorization: person('reader').git })).toBe(
      'allowed',
    );
    expect(await auth.outcome({ path: 'acme/storefront', authorization: person('stranger').git })).toBe(
      'not_found',
    );
  });
});

describe('a secret', () => {
  it('is never at rest: not in Redis, not in a log', async () => {
    await using auth = await open({ OUTAGE_POLICY: 'serve:60' });
    const secrets: string[] = [];
    const { username, apiToken } = person('reader');
    for (const authorization of [
      basic(username, apiToken),
      basic('x', 'guess-1'),
      `Bearer ${sim.state.mirrorToken}`,
      'Basic \u0001bad',
    ]) {
      secrets.push(authorization, authorization.split(' ')[1] ?? '');
      for (const path of ['acme/storefront', 'acme/none'])
        await auth.outcome({ path, authorization, from: '198.51.100.77' });
    }
    await sim.control.faults({ down: 'destroy' });
    await auth.outcome({ path: 'acme/pipelines', authorization: basic(username, apiToken) });
    secrets.push(apiToken, 'guess-1', sim.state.mirrorToken, '198.51.100.77');

    const keys = await look.keys('*');
    expect(keys.length).toBeGreaterThan(4);
    const values = await Promise.all(keys.map((key) => look.get(key)));
    const atRest = [...keys, ...values, auth.log()].join('\n');
    expect(auth.log()).toContain('call failed');
    for (const secret of secrets) expect(atRest).not.toContain(secret);
    for (const key of keys) expect(await look.pttl(key)).toBeGreaterThan(0);
  });
});
