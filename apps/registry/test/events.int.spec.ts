import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registry as wire } from '@antipode/contracts';
import { callUnary } from '@antipode/rpc';
import {
  eventually,
  openScratch,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { HistoryClock } from '../src/activity/history-clock.js';
import { HistoryPruning } from '../src/activity/history-pruning.js';
import { Followers } from '../src/events/followers.js';
import { basic, FakeAuth, type FakePerson } from './fake-auth.js';
import { Following } from './follow.js';
import { ADMIN_TOKEN, query, Registry, type Json } from './open-registry.js';

const { SYNC_PHASE_CLONING, SYNC_PHASE_FAILING, SYNC_PHASE_READY } = wire.SyncPhase;
const { RUN_OUTCOME_CLONED, RUN_OUTCOME_FAILED, RUN_OUTCOME_UPDATED } = wire.RunOutcome;

const WEB = ['acme/storefront', 'acme/checkout-api', 'acme/design-system', 'acme/playground'];
const PUBLIC = 'acme/handbook';
const MEMBER = basic('mia@acme.example', 'token');
const MINUTE_MS = 60_000;
/** Callers are limited. */
const RARELY = { everyMs: 200 };

/** A mirror elsewhere, of which only the health is asked. */
const openSibling = async (status: number, body = '{"status":"ok"}'): Promise<Server> => {
  const server = createServer((_, response) =>
    response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
};
const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe('what is told of the mirror', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;
  let auth: FakeAuth;
  let registry: Registry;
  let siblings: Server[];
  let scratch: Awaited<ReturnType<typeof openScratch>>;
  let env: Record<string, string>;
  let idOf: Record<string, string>;

  beforeAll(async () => {
    [postgres, redis, sim, auth, scratch] = await Promise.all([
      startPostgres(),
      startRedis(),
      startSim(),
      FakeAuth.open(),
      openScratch(),
    ]);
    siblings = await Promise.all([openSibling(200), openSibling(302)]);
    env = {
      AUTH_GRPC: auth.address,
      PUBLIC_URL: 'https://mirror.example',
      MIRROR_NAME: 'Sydney',
      MIRROR_REGION: 'Oceania',
      SIBLINGS_FILE: scratch.file('siblings.json'),
    };
    await writeSiblings(siblings.map((one, n) => ({ name: `Sibling ${n}`, url: urlOf(one) })));
    registry = await Registry.open({ neighbours: { postgres, redis, sim }, env });
    await registry.select('WEB', 'PUB');
    await registry.untilPaths([...WEB, PUBLIC]);
    const { body } = await registry.ask('GET', '/repositories');
    idOf = Object.fromEntries(body.values.map(({ path, id }: Json) => [path, id]));
    mayRead('acme/storefront', 'acme/playground');
  }, 180_000);

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    siblings?.forEach((one) => one.close());
    await Promise.all([postgres, redis, sim, auth, scratch].map((one) => one?.[Symbol.asyncDispose]()));
  });

  /** What auth would say of the one person that these tests know. */
  const given = (person: Partial<FakePerson>): void => {
    const mia = { id: 'mia', displayName: 'Mia', roles: { acme: 'member' }, proofs: [MEMBER] } as const;
    auth.people = [{ ...mia, ...auth.people[0], ...person }];
  };
  const mayRead = (...paths: string[]): void =>
    given({ readable: paths.map((path) => idOf[path] as string) });
  const isMember = (): void => given({ roles: { acme: 'member' } });
  const isStranger = (): void => given({ roles: {} });
  const writeSiblings = (list: Json): Promise<void> =>
    writeFile(scratch.file('siblings.json'), JSON.stringify(list));
  const follow = (authorization?: string, search = '', on = registry): Promise<Following> =>
    Following.open(`${on.url}/-/api/v1/events${search}`, authorization);
  const followAsAdmin = (search = ''): Promise<Following> => follow(`Bearer ${ADMIN_TOKEN}`, search);
  const ready = (path: string): Promise<unknown> =>
    registry.report('syd-1', {
      repositoryId: idOf[path] as string,
      phase: SYNC_PHASE_READY,
      epoch: 1,
      confirmedAtMs: Date.now() - 2000,
      receivedBytesTotal: 1000,
    });
  const ask = async (path: string, authorization: string): Promise<Json> => {
    const response = await fetch(`${registry.url}/-/api/v1${path}`, { headers: { authorization } });
    return { status: response.status, body: await response.json() };
  };

  describe('by events', () => {
    it('begins with everything, and goes on with what changes', async () => {
      await using following = await followAsAdmin();
      expect(following.response.headers.get('content-type')).toMatch('text/event-stream');
      await following.untilPaths([...WEB, PUBLIC]);
      expect(following.heard.slice(0, 2).map(({ event }) => event)).toEqual(['status', 'progress']);
      expect(following.of('status')[0].repositories.total).toBe(5);
      expect(following.of('progress')[0].repositories).toMatchObject({ total: 5, synced: 0 });
      await registry.report('syd-1', {
        repositoryId: idOf['acme/storefront'] as string,
        phase: SYNC_PHASE_CLONING,
        progress: { step: 'receiving', percent: 50, receivedBytes: 10 },
      });
      await eventually(() => following.repositories['acme/storefront'] === 'cloning');
      await ready('acme/storefront');
      await eventually(() => following.repositories['acme/storefront'] === 'ready');
      await eventually(() => following.of('progress').at(-1).repositories.synced === 1);
      expect(following.of('progress').at(-1)).toMatchObject({ percent: 20, receivedBytes: 1000 });
      await registry.select('PUB');
      await following.untilPaths([PUBLIC]);
      await registry.select('WEB', 'PUB');
      await following.untilPaths([...WEB, PUBLIC]);
    });

    it('tells a repository at most twice a second, and its newest state in the end', async () => {
      await using following = await followAsAdmin(`?repositories=${idOf['acme/playground']}`);
      await following.untilPaths(['acme/playground']);
      const began = performance.now();
      for (let percent = 1; percent <= 30; percent += 1)
        await registry.report('syd-1', {
          repositoryId: idOf['acme/playground'] as string,
          phase: percent % 2 ? SYNC_PHASE_CLONING : SYNC_PHASE_FAILING,
          error: `${percent}`,
          errorCode: 'internal',
        });
      await eventually(() => following.of('repository').at(-1).error?.message === '30');
      const told = following.of('repository').length - 1;
      expect(told).toBeLessThanOrEqual(2 + (performance.now() - began) / 500);
      await ready('acme/playground');
    });

    it('tells each what they may see: members what they may read, others what is public', async () => {
      await using member = await follow(MEMBER);
      await using anybody = await follow();
      await using nothing = await follow(undefined, '?repositories=none');
      await member.untilPaths(['acme/storefront', 'acme/playground', PUBLIC]);
      await anybody.untilPaths([PUBLIC]);
      expect(anybody.of('status')[0]).toMatchObject({
        connection: { state: 'connected' },
        repositories: { total: 1 },
      });
      expect(anybody.of('progress')[0].repositories.total).toBe(1);
      expect(member.of('progress')[0].repositories.total).toBe(3);
      for (const path of ['acme/checkout-api', 'acme/storefront', PUBLIC]) await ready(path);
      await eventually(() => anybody.repositories[PUBLIC] === 'ready');
      await eventually(() => member.repositories['acme/storefront'] === 'ready');
      await registry.select('PUB');
      await member.untilPaths([PUBLIC]);
      await registry.select('WEB', 'PUB');
      await member.untilPaths(['acme/storefront', 'acme/playground', PUBLIC]);
      expect(JSON.stringify(member.heard)).not.toContain('syd-1');
      // Not even that there was something.
      expect(anybody.of('removed')).toEqual([]);
      expect(member.heard.some(({ data }) => data.path === 'acme/checkout-api')).toBe(false);
      expect(nothing.of('repository')).toEqual([]);
    });

    it('takes back what somebody may no longer see, and ends with their membership', async () => {
      await using member = await follow(MEMBER);
      let now = Date.now();
      const check = (): Promise<void> => registry.app.get(Followers).checkDue((now += 2 * MINUTE_MS));
      await member.untilPaths(['acme/storefront', 'acme/playground', PUBLIC]);
      mayRead('acme/playground', 'acme/checkout-api');
      await check();
      await member.untilPaths(['acme/checkout-api', 'acme/playground', PUBLIC]);
      isStranger();
      await check();
      await eventually(() => member.isOver);
      isMember();
      mayRead('acme/storefront', 'acme/playground');
    });

    it('ends when a credential is no longer taken, and refuses a wrong one', async () => {
      await using member = await follow(MEMBER);
      given({ proofs: [] });
      await registry.app.get(Followers).checkDue(Date.now() + 2 * MINUTE_MS);
      await eventually(() => member.isOver);
      await expect(follow(MEMBER)).rejects.toThrow('401');
      given({ proofs: [MEMBER] });
      await expect(follow('Bearer not-the-token')).rejects.toThrow('401');
      await expect(follow(undefined, '?repositories=x')).rejects.toThrow('400');
    });

    it('is told by one instance of what another was told', async () => {
      const { databaseUrl } = registry;
      await using another = await Registry.open({ neighbours: { postgres, redis, sim }, databaseUrl, env });
      await using following = await follow(`Bearer ${ADMIN_TOKEN}`, '', another);
      await following.untilPaths([...WEB, PUBLIC]);
      await registry.report('syd-1', {
        repositoryId: idOf['acme/design-system'] as string,
        phase: SYNC_PHASE_FAILING,
      });
      await eventually(() => following.repositories['acme/design-system'] === 'failing');
      await ready('acme/design-system');
    });
  });

  describe('by history', () => {
    const traffic = (boot: string, ...minutes: Partial<wire.TrafficMinute>[]): Promise<unknown> => {
      const full = minutes.map((minute) =>
        wire.TrafficMinute.fromPartial({ minuteMs: Date.now() - MINUTE_MS, door: 'http', ...minute }),
      );
      return callUnary(
        registry.client,
        'reportTraffic',
        { node: 'syd-1', boot, minutes: full },
        { timeoutMs: 5000 },
      );
    };
    const reportRuns = (...runs: Partial<wire.SyncRun>[]): Promise<unknown> => {
      const now = Date.now();
      const full = runs.map((run) =>
        wire.SyncRun.fromPartial({ id: randomUUID(), beganAtMs: now - 500, endedAtMs: now, ...run }),
      );
      return callUnary(registry.client, 'reportRuns', { node: 'syd-1', runs: full }, { timeoutMs: 5000 });
    };
    const activity = async (hours: number): Promise<Json> =>
      (await registry.ask('GET', `/activity?hours=${hours}`)).body;

    it('adds up traffic, each life of a process once, and leaves out what cannot be', async () => {
      const minute = { fetches: 2, ownBytes: 100, passedBytes: 10 };
      await traffic('one', minute);
      await traffic('one', { ...minute, fetches: 3 }, { ...minute, fetches: 1, door: 'ssh' });
      await traffic('one', minute);
      await traffic('two', { ...minute, pushes: 1, lfsDownloads: 4, failures: 1 });
      const wrong = [{ door: 'ftp' }, { minuteMs: Date.now() + 10 * MINUTE_MS }, { minuteMs: 1 }];
      await traffic('two', ...wrong.map((one) => ({ ...minute, fetches: 1000, ...one })));
      await expect(traffic('not a name', minute)).rejects.toThrow(
        expect.objectContaining({ code: 'invalid' }),
      );
      const { totals, points, bucketSeconds } = await activity(1);
      expect(totals).toEqual({
        fetches: 6,
        pushes: 1,
        lfsDownloads: 4,
        ownBytes: 300,
        passedBytes: 30,
        failures: 1,
      });
      expect([bucketSeconds, points.length]).toEqual([60, 60]);
      // By the hour later, and the same in sum.
      await registry.app.get(HistoryPruning).prune(Date.now() + 3 * 86_400_000);
      expect(await query(registry.databaseUrl, 'SELECT count(*)::int AS left FROM traffic_minute')).toEqual([
        { left: 0 },
      ]);
      expect((await activity(720)).totals).toEqual(totals);
      await registry.app.get(HistoryPruning).prune(Date.now() + 32 * 86_400_000);
      expect((await activity(720)).totals.fetches).toBe(0);
    });

    it('shows the lag once a minute, whoever looks first', async () => {
      for (const path of WEB) await ready(path);
      await registry.report('syd-1', { repositoryId: idOf[PUBLIC] as string, phase: SYNC_PHASE_FAILING });
      await eventually(
        async () => (await registry.ask('GET', '/status')).body.repositories.byPhase.ready === 4,
      );
      const clock = registry.app.get(HistoryClock);
      await Promise.all([clock.turn(), clock.turn()]);
      const { lag, failing } = (await activity(1)).points.at(-1);
      expect(failing).toBe(1);
      expect((await ask('/activity?hours=1', MEMBER)).body.points.at(-1)).toMatchObject({
        lag,
        failing: null,
      });
      expect([lag.p50, lag.p95, lag.max].every((seconds) => seconds >= 2 && seconds < 60)).toBe(true);
      expect((await activity(1)).points[0].lag).toEqual({ p50: null, p95: null, max: null });
    });

    it('lists runs page by page, filtered, to those who may see their repositories', async () => {
      const of = (path: string): { repositoryId: string } => ({ repositoryId: idOf[path] as string });
      const change = { ref: 'refs/heads/main', fromOid: '', toOid: 'a'.repeat(40) };
      await reportRuns({
        ...of('acme/storefront'),
        outcome: RUN_OUTCOME_CLONED,
        changeCount: 1,
        changes: [change],
      });
      await reportRuns({ ...of('acme/checkout-api'), outcome: RUN_OUTCOME_UPDATED });
      await reportRuns({
        ...of(PUBLIC),
        outcome: RUN_OUTCOME_FAILED,
        error: 'Away.',
        errorCode: 'timed_out',
      });
      await reportRuns(
        { repositoryId: randomUUID(), outcome: RUN_OUTCOME_UPDATED },
        { id: 'no id', ...of(PUBLIC) },
      );
      const list = async (search: string): Promise<Json> =>
        (await registry.ask('GET', `/runs?${search}`)).body;
      const paths = ({ values }: Json): string[] => values.map(({ repository }: Json) => repository.path);
      const first = await list('limit=2');
      expect(paths(first)).toEqual([PUBLIC, 'acme/checkout-api']);
      expect(first.values[0]).toMatchObject({
        outcome: 'failed',
        error: { code: 'timed_out', message: 'Away.' },
      });
      const second = await list(`limit=2&cursor=${first.next}`);
      expect(second.values[0].changes).toEqual([{ ref: 'refs/heads/main', from: null, to: 'a'.repeat(40) }]);
      expect([paths(second), second.next]).toEqual([['acme/storefront'], null]);
      expect(paths(await list('outcome=updated'))).toEqual(['acme/checkout-api']);
      expect(paths(await list(`repository=${idOf[PUBLIC]}`))).toEqual([PUBLIC]);
      expect(paths(await list(`repository=${PUBLIC}`))).toEqual([PUBLIC]);
      expect(paths(await list('node=mel-1'))).toEqual([]);
      expect((await ask('/runs?node=mel-1', MEMBER)).status).toBe(403);
      for (const name of ['repository', 'node'])
        expect((await ask(`/runs?${name}=a%00`, MEMBER)).status).toBe(400);
      const { body } = await ask('/runs', MEMBER);
      expect(paths(body)).toEqual([PUBLIC, 'acme/storefront']);
      expect(body.values[0]).toMatchObject({ node: null, error: { code: 'timed_out' } });
      expect(JSON.stringify(body)).not.toMatch(/Away|syd-1/);
      isStranger();
      expect((await ask('/runs', MEMBER)).status).toBe(403);
      isMember();
      await registry.app.get(HistoryPruning).prune(Date.now() + 8 * 86_400_000);
      expect(paths(await list(''))).toEqual([]);
    });
  });

  describe('by its siblings', () => {
    const mirrors = async (authorization = MEMBER): Promise<Json[]> =>
      (await ask('/mirrors', authorization)).body.values;

    it('knows which of them are well, and tells members alone where they are', async () => {
      await eventually(async () => (await mirrors()).every(({ checkedAt }) => checkedAt !== null), RARELY);
      const [own, ...others] = await mirrors();
      expect(own).toMatchObject({
        name: 'Sydney',
        region: 'Oceania',
        url: 'https://mirror.example',
        self: true,
      });
      expect(others.map(({ name, state }) => [name, state])).toEqual([
        ['Sibling 0', 'available'],
        ['Sibling 1', 'unreachable'],
      ]);
      const { body } = await registry.ask('GET', '/health');
      expect(body).toEqual({ status: 'ok', name: 'Sydney', region: 'Oceania' });
      isStranger();
      expect(await mirrors()).toHaveLength(1);
      isMember();
    });

    it('reads their file anew when it changes, and keeps what it had where that is wrong', async () => {
      await writeSiblings([
        { name: 'Elsewhere', url: 'http://127.0.0.1:1', sshUrl: 'ssh://git@127.0.0.1:1' },
      ]);
      await eventually(async () => (await mirrors())[1]?.name === 'Elsewhere', RARELY);
      await writeFile(scratch.file('siblings.json'), '[{"name": "x", "url": "ftp://nowhere"}]');
      await eventually(async () => (await mirrors())[1]?.checkedAt !== null, RARELY);
      expect((await mirrors())[1]).toMatchObject({ name: 'Elsewhere', state: 'unreachable' });
    });
  });
});
