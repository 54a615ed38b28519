import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { registry as wire } from '@antipode/contracts';
import { callUnary } from '@antipode/rpc';
import {
  eventually,
  startPostgres,
  startRedis,
  type RunningPostgres,
  type RunningRedis,
} from '@antipode/testing';
import { numberOf } from '../src/outgoing/event-body.js';
import { Sender } from '../src/outgoing/sender.js';
import { ADMIN_TOKEN, query, Registry, type Json } from './open-registry.js';

const { RUN_OUTCOME_CLONED, RUN_OUTCOME_FAILED, RUN_OUTCOME_UPDATED } = wire.RunOutcome;
const SECRET = 'the-secret-of-the-tests';
const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
const OLD = 'a'.repeat(40);
const NEW = 'b'.repeat(40);

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Json;
}

/** Whoever wants to be told: keeps what it hears, and answers as the test wants. */
class Receiver {
  readonly heard: Heard[] = [];
  status = 204;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        this.heard.push({ headers: request.headers, text, body: JSON.parse(text) });
        response.writeHead(this.status, { location: 'http://127.0.0.1:1/elsewhere' }).end('x'.repeat(5000));
      });
    });
  }

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe('for other programs', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let registry: Registry;
  let receiver: Receiver;
  let ids: string[];

  const env = {
    PRIMARY_REPOSITORIES: Array.from({ length: 3 }, (_, n) => `group/part-${n}`).join(','),
    PUBLIC_URL: 'https://mirror.example',
    SSH_URL: 'ssh://git@mirror.example:7999',
    MIRROR_NAME: 'Sydney',
    OUTGOING_OWN_NETWORKS: 'allow',
  };

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    registry = await Registry.open({ neighbours: { postgres, redis }, env });
    receiver = await Receiver.open();
    await registry.untilPaths(['group/part-0', 'group/part-1', 'group/part-2']);
    const { body } = await registry.ask('GET', '/repositories');
    ids = body.values.map(({ id }: { id: string }) => id);
  }, 180_000);

  afterAll(async () => {
    receiver?.close();
    await registry?.[Symbol.asyncDispose]();
    await Promise.all([postgres, redis].map((one) => one?.[Symbol.asyncDispose]()));
  });

  afterEach(async () => {
    for (const { id } of (await registry.ask('GET', '/webhooks')).body.values)
      await registry.ask('DELETE', `/webhooks/${id}`);
    receiver.heard.length = 0;
    receiver.status = 204;
    await query(registry.databaseUrl, 'DELETE FROM sync_run');
  });

  const subscribe = async (
    events = ['mirror:repo_synchronized', 'mirror:repo_failing'],
    at = registry,
  ): Promise<string> => {
    const wanted = { url: receiver.url, secret: SECRET, events };
    const { status, body } = await at.ask('POST', '/webhooks', wanted);
    expect(status).toBe(201);
    return body.id;
  };

  const report = (node: string, ...runs: Partial<wire.SyncRun>[]): Promise<unknown> =>
    reportTo(registry, node, ...runs);
  const reportTo = (to: Registry, node: string, ...runs: Partial<wire.SyncRun>[]): Promise<unknown> => {
    const now = Date.now();
    const full = runs.map((run, n) =>
      wire.SyncRun.fromPartial({
        id: randomUUID(),
        beganAtMs: now + n - 1000,
        endedAtMs: now + n - 500,
        ...run,
      }),
    );
    return callUnary(to.client, 'reportRuns', { node, runs: full }, { timeoutMs: 5000 });
  };

  const moved = (ref: string): wire.RefChange => ({ ref, fromOid: OLD, toOid: NEW });
  const deliveries = async (id: string): Promise<Json[]> =>
    (await registry.ask('GET', `/webhooks/${id}/deliveries`)).body.values;

  describe('outgoing webhooks', () => {
    it('tell of a sync as Data Center does, signed', async () => {
      await subscribe();
      await report('syd-1', {
        repositoryId: ids[0] as string,
        outcome: RUN_OUTCOME_UPDATED,
        changeCount: 3,
        changes: [
          moved('refs/heads/main'),
          { ref: 'refs/tags/v1', fromOid: '', toOid: NEW },
          moved('refs/notes/x'),
        ],
      });
      await eventually(() => receiver.heard.length === 1);
      const [{ headers, text, body }] = receiver.heard as [Heard];
      expect(headers['x-event-key']).toBe('mirror:repo_synchronized');
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers['x-hub-signature']).toBe(
        `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}`,
      );
      expect(body).toMatchObject({
        eventKey: 'mirror:repo_synchronized',
        date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/),
        actor: {},
        mirrorServer: { id: expect.any(String), name: 'Sydney' },
        node: 'syd-1',
        syncType: 'INCREMENTAL',
        refLimitExceeded: false,
        repository: { id: expect.any(Number), uuid: ids[0], slug: 'part-0', fullName: 'group/part-0' },
        changes: [
          {
            ref: { id: 'refs/heads/main', displayId: 'main', type: 'BRANCH' },
            refId: 'refs/heads/main',
            fromHash: OLD,
            toHash: NEW,
            type: 'UPDATE',
          },
          { refId: 'refs/tags/v1', fromHash: '0'.repeat(40), toHash: NEW, type: 'ADD' },
        ],
      });
      expect(body.changes).toHaveLength(2);
      expect(body.repository.links.clone).toEqual([
        { name: 'http', href: 'http://127.0.0.1:1/group/part-0.git' },
        { name: 'http', href: 'https://mirror.example/group/part-0.git' },
        { name: 'ssh', href: 'ssh://git@mirror.example:7999/group/part-0.git' },
      ]);
    });

    it('tell once of a run that is reported twice, and of one that is too long to list that it is', async () => {
      await subscribe();
      const run = {
        id: randomUUID(),
        repositoryId: ids[0] as string,
        outcome: RUN_OUTCOME_CLONED,
        changeCount: 5000,
      };
      await report('syd-1', run);
      await report('syd-1', run);
      await report('mel-1', { repositoryId: ids[1] as string, outcome: RUN_OUTCOME_CLONED });
      await eventually(() => receiver.heard.length === 2);
      const [first, second] = receiver.heard as [Heard, Heard];
      expect(first.body).toMatchObject({ syncType: 'SNAPSHOT', refLimitExceeded: true, changes: [] });
      expect(second.body).toMatchObject({ node: 'mel-1', refLimitExceeded: false });
    });

    it('tell once that a repository fails, and again after it was well', async () => {
      await subscribe(['mirror:repo_failing']);
      const failed = {
        repositoryId: ids[0] as string,
        outcome: RUN_OUTCOME_FAILED,
        error: 'Away.',
        errorCode: 'primary_unavailable',
      };
      await report('syd-1', failed, failed);
      await report('syd-1', failed);
      await eventually(() => receiver.heard.length === 1);
      expect(receiver.heard[0]?.body).toMatchObject({
        eventKey: 'mirror:repo_failing',
        error: { code: 'primary_unavailable', message: 'Away.' },
      });
      // A sync that found nothing new is no run, but the state tells of it.
      await registry.report('syd-1', {
        repositoryId: ids[0] as string,
        phase: wire.SyncPhase.SYNC_PHASE_READY,
        confirmedAtMs: Date.now(),
      });
      await eventually(
        async () => (await registry.ask('GET', `/repositories/${ids[0]}`)).body.phase === 'ready',
      );
      await report('syd-1', { ...failed, endedAtMs: Date.now() + 50 });
      await eventually(() => receiver.heard.length === 2);
    });

    it('keep the order of a repository, try again later, and hold nobody else up', async () => {
      const id = await subscribe();
      receiver.status = 302;
      await report('syd-1', { repositoryId: ids[0] as string, outcome: RUN_OUTCOME_UPDATED, epoch: 1 });
      await eventually(async () => (await deliveries(id))[0]?.attempts === 1);
      expect((await deliveries(id))[0]).toMatchObject({ state: 'waiting', status: 302 });
      receiver.status = 200;
      await report('syd-1', { repositoryId: ids[0] as string, outcome: RUN_OUTCOME_UPDATED, epoch: 2 });
      await report('syd-1', { repositoryId: ids[1] as string, outcome: RUN_OUTCOME_UPDATED, epoch: 1 });
      await eventually(() => receiver.heard.length === 2);
      // Not before the one that waits for its next attempt.
      expect(receiver.heard.map(({ body }) => body.repository.uuid)).toEqual([ids[0], ids[1]]);
      await query(registry.databaseUrl, 'UPDATE webhook_delivery SET next_at = now()');
      registry.app.get(Sender).sendSoon();
      await eventually(async () => (await deliveries(id)).every(({ state }) => state === 'delivered'));
      expect(receiver.heard[2]?.headers['x-request-id']).toBe(receiver.heard[0]?.headers['x-request-id']);
      expect(receiver.heard).toHaveLength(4);
    });

    it('lose nothing with an instance that dies while it sends', async () => {
      const id = await subscribe();
      receiver.status = 500;
      await report('syd-1', { repositoryId: ids[0] as string, outcome: RUN_OUTCOME_UPDATED });
      await eventually(async () => (await deliveries(id))[0]?.status === 500);
      receiver.status = 200;
      // What the dead one leaves: a delivery that was taken and whose lease has run out.
      await query(registry.databaseUrl, "UPDATE webhook_delivery SET next_at = now() - interval '1 second'");
      registry.app.get(Sender).sendSoon();
      await eventually(async () => (await deliveries(id))[0]?.state === 'delivered');
      expect(receiver.heard).toHaveLength(2);
    });

    it('lose nothing with an instance that dies between writing and sending', async () => {
      const dying = await Registry.open({ neighbours: { postgres, redis }, env });
      const { databaseUrl } = dying;
      try {
        await dying.untilPaths(['group/part-0', 'group/part-1', 'group/part-2']);
        await subscribe(undefined, dying);
        await dying.app.get(Sender).beforeApplicationShutdown();
        await reportTo(dying, 'syd-1', { repositoryId: ids[0] as string, outcome: RUN_OUTCOME_UPDATED });
      } finally {
        await dying[Symbol.asyncDispose]();
      }
      expect(receiver.heard).toEqual([]);
      await using another = await Registry.open({ neighbours: { postgres, redis }, databaseUrl, env });
      await eventually(() => receiver.heard.length === 1);
      expect(another.databaseUrl).toBe(databaseUrl);
    });

    it('give up after a day, which can be seen', async () => {
      const id = await subscribe();
      receiver.status = 500;
      await report('syd-1', { repositoryId: ids[0] as string, outcome: RUN_OUTCOME_UPDATED });
      await eventually(async () => (await deliveries(id))[0]?.status === 500);
      await query(
        registry.databaseUrl,
        "UPDATE webhook_delivery SET next_at = now(), created_at = now() - interval '24 hours'",
      );
      registry.app.get(Sender).sendSoon();
      await eventually(async () => (await deliveries(id))[0]?.state === 'given_up');
      expect((await deliveries(id))[0]).toMatchObject({
        attempts: 2,
        error: 'It answered 500.',
        nextAt: null,
      });
    });

    it('are added, tried, shown without their secret and removed by administrators, which is written down', async () => {
      const id = await subscribe(['mirror:repo_failing']);
      expect(JSON.stringify((await registry.ask('GET', '/webhooks')).body)).not.toContain(SECRET);
      expect((await registry.ask('POST', `/webhooks/${id}/ping`)).body).toEqual({
        delivered: true,
        status: 204,
        error: null,
      });
      expect(receiver.heard[0]).toMatchObject({
        body: { test: true },
        headers: { 'x-event-key': 'diagnostics:ping' },
      });
      expect((await registry.ask('DELETE', `/webhooks/${id}`)).status).toBe(200);
      for (const path of [`/webhooks/${id}`, `/webhooks/${id}/deliveries`])
        expect((await registry.ask('GET', path)).status).toBe(404);
      const { body } = await registry.ask('GET', '/audit?limit=2');
      expect(body.values.map(({ action }: Json) => action)).toEqual(['webhook.removed', 'webhook.added']);
      expect(JSON.stringify(body)).not.toContain(SECRET);
    });

    it.each([
      ['a URL with a password', { url: 'https://user:secret@ci.example/' }],
      ['another scheme', { url: 'ftp://ci.example/' }],
      ['a short secret', { secret: 'short' }],
      ['an unknown event', { events: ['repo:refs_changed'] }],
      ['no event', { events: [] }],
    ])('are refused with %s', async (_, wrong) => {
      const wanted = {
        url: 'https://ci.example/',
        secret: SECRET,
        events: ['mirror:repo_failing'],
        ...wrong,
      };
      expect((await registry.ask('POST', '/webhooks', wanted)).status).toBe(400);
    });
  });

  describe('the REST of Data Center', () => {
    const ask = async (path: string, headers: Record<string, string> = ADMIN): Promise<Json> => {
      const response = await fetch(new URL(path, registry.url), { headers });
      return { status: response.status, body: await response.json() };
    };

    let before: Json;

    beforeAll(async () => {
      before = await ask('/status');
      for (const id of ids.slice(1))
        await registry.report('syd-1', {
          repositoryId: id,
          phase: wire.SyncPhase.SYNC_PHASE_READY,
          epoch: 1,
          confirmedAtMs: Date.now(),
        });
      await registry.report('syd-1', {
        repositoryId: ids[0] as string,
        phase: wire.SyncPhase.SYNC_PHASE_FAILING,
        epoch: 1,
      });
      await eventually(
        async () => (await registry.ask('GET', '/status')).body.repositories.byPhase.ready === 2,
      );
    });

    it.each([
      ["Jenkins' plug-in of Atlassian", (id: string) => `/rest/mirroring/1.0/repos/${numberOf(id)}/mirrors`],
      [
        "Jenkins' branch source, by UUID",
        (id: string) => `/rest/mirroring/1.0/repos/{${id}}/mirrors?limit=200`,
      ],
      ['a script, by path', () => '/rest/mirroring/latest/repos/group/part-1/mirrors'],
      ['a script, by encoded path', () => '/rest/mirroring/latest/repos/group%2Fpart-1/mirrors'],
    ])('leads %s to where a repository can be cloned', async (_, pathFor) => {
      const servers = (await ask('/rest/mirroring/1.0/mirrorServers')).body;
      expect(servers).toMatchObject({ size: 1, start: 0, isLastPage: true, nextPageStart: null });
      const { body } = await ask(pathFor(ids[1] as string));
      const [{ mirrorServer, links }] = body.values;
      expect(mirrorServer).toEqual({ ...servers.values[0], lastSeenDate: expect.any(Number) });
      expect(mirrorServer).toMatchObject({
        name: 'Sydney',
        baseUrl: 'https://mirror.example',
        enabled: true,
      });
      // The link is followed without a credential.
      const self = new URL(links.self[0].href);
      expect(self.origin).toBe('https://mirror.example');
      const found = await ask(`${self.pathname}${self.search}`, {});
      const clone = [
        { name: 'http', href: 'https://mirror.example/group/part-1.git' },
        { name: 'ssh', href: 'ssh://git@mirror.example:7999/group/part-1.git' },
      ];
      expect(found.body).toMatchObject({
        repositoryId: expect.stringMatching(/^\d+$/),
        mirrorName: 'Sydney',
        available: true,
        status: 'AVAILABLE',
        lastUpdated: expect.any(Number),
        cloneUrls: clone,
        pushUrls: [{ name: 'http', href: 'http://127.0.0.1:1/group/part-1.git' }],
        links: { clone },
      });
      expect((await ask(self.pathname, {})).status).toBe(404);
      expect(
        (await ask(self.pathname.replace(ids[1] as string, ids[2] as string) + self.search, {})).status,
      ).toBe(404);
    });

    it('tells how it is doing, and what it mirrors', async () => {
      const get = async (path: string): Promise<Json> => (await ask(`/rest/mirroring/latest/${path}`)).body;
      expect((await get(`mirrorRepos/${ids[0]}`)).status).toBe('ERROR_AVAILABLE');
      expect(await get('progress')).toEqual({ discovering: false, syncedRepos: 2, totalRepos: 3 });
      const upstream = await get('upstreamServer');
      expect(upstream).toMatchObject({ baseUrl: 'http://127.0.0.1:1', state: 'INSTALLED' });
      expect(await get(`upstreamServers/${upstream.id}`)).toEqual(upstream);
      expect((await get('upstreamServers')).values).toEqual([upstream]);
      expect((await get(`upstreamServers/${upstream.id}/repos/${ids[1]}`)).available).toBe(true);
      expect(await get('syncSettings')).toEqual({ mode: 'ALL_PROJECTS', projectIds: [] });
      expect(await get('syncSettings/mode')).toBe('ALL_PROJECTS');
      await report('syd-1', { repositoryId: ids[0] as string, outcome: RUN_OUTCOME_FAILED });
      const statuses = await get('supportInfo/repoSyncStatus?limit=2');
      expect(statuses).toMatchObject({ size: 2, isLastPage: false, nextPageStart: 2 });
      expect(statuses.values[0]).toMatchObject({ externalRepoId: ids[0], failedSyncCount: 1 });
      expect(statuses.values[1]).toMatchObject({ failedSyncCount: 0, lastSyncDate: expect.any(Number) });
      expect((await get('farmNodes')).map(({ name }: Json) => name)).toContain('syd-1');
      expect((await get('mirrorServers?start=5&limit=nonsense')).values).toEqual([]);
      expect(before).toMatchObject({ status: 200, body: { state: 'METADATA_SYNCHRONIZED', totalRepos: 3 } });
      const status = await ask('/status', {});
      expect(status).toMatchObject({ status: 200, body: { state: 'SYNCHRONIZED', totalRepos: 0 } });
      expect((await ask('/status')).body).toMatchObject({
        state: 'SYNCHRONIZED',
        syncedRepos: 2,
        totalRepos: 3,
      });
    });

    it('keeps load balancers away until it is connected', async () => {
      const away = 'http://127.0.0.1:1';
      const cloud = { PRIMARY_KIND: 'bitbucket-cloud', PRIMARY_GIT_URL: away, PRIMARY_API_URL: away };
      await using unconnected = await Registry.open({ neighbours: { postgres, redis }, env: cloud });
      const response = await fetch(`${unconnected.url}/status`);
      const { state } = (await response.json()) as Json;
      expect([response.status, state]).toEqual([503, 'INITIALIZING']);
      expect((await unconnected.ask('GET', '/health')).body.status).toBe('unconnected');
      // Unless the settings allow it, nobody makes a mirror call its own machine.
      const body = { url: receiver.url, secret: SECRET, events: ['mirror:repo_synchronized'] };
      expect((await unconnected.ask('POST', '/webhooks', body)).status).toBe(400);
    });

    it('answers errors in its form, keeps what is private, and sends everybody else to the primary', async () => {
      const error = { errors: [{ context: null, message: expect.any(String), exceptionName: null }] };
      for (const [path, headers, status] of [
        [`/rest/mirroring/latest/repos/${ids[1]}/mirrors`, {}, 404],
        ['/rest/mirroring/latest/repos/nothing/here/mirrors', ADMIN, 404],
        ['/rest/mirroring/latest/syncSettings', {}, 401],
        ['/rest/mirroring/latest/mirrorServers', { authorization: 'Bearer wrong' }, 401],
        ['/rest/mirroring/latest/mirrorServers/none', ADMIN, 404],
        ['/rest/api/1.0/projects', ADMIN, 404],
        ['/rest', {}, 404],
      ] as const)
        expect([path, await ask(path, headers)]).toEqual([path, { status, body: error }]);
      expect((await ask('/rest/api/1.0/projects')).body.errors[0].message).toMatch(/127\.0\.0\.1/);
    });
  });
});
