import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callUnary } from '@antipode/rpc';
import { registry as wire } from '@antipode/contracts';
import {
  eventually,
  startGitHttpBackend,
  startPostgres,
  startRedis,
  type GitHttpBackend,
  type RunningPostgres,
  type RunningRedis,
  openScratch,
  git,
} from '@antipode/testing';
import { problemSchema } from '../src/rest/schemas.js';
import { ADMIN_TOKEN, freshDatabase, queued, queuedSyncs, Registry, type Json } from './open-registry.js';

const { SYNC_PHASE_CLONING, SYNC_PHASE_FAILING, SYNC_PHASE_READY } = wire.SyncPhase;

describe('the REST API', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let registry: Registry;

  // A primary without an API, which is away: all that is needed to have repositories.
  const env = {
    PRIMARY_KIND: 'git-http',
    PRIMARY_GIT_URL: 'http://127.0.0.1:1',
    PRIMARY_REPOSITORIES: Array.from({ length: 7 }, (_, n) => `group/part-${n}`).join(','),
    PUBLIC_URL: 'https://mirror.example',
    SSH_URL: 'ssh://git@mirror.example:7999',
  };

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    registry = await Registry.open({ neighbours: { postgres, redis }, env });
    await eventually(async () => (await registry.paths()).length === 7);
  }, 180_000);

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await Promise.all([postgres, redis].map((one) => one?.[Symbol.asyncDispose]()));
  });

  const ids = async (): Promise<string[]> =>
    (await registry.ask('GET', '/repositories')).body.values.map(({ id }: { id: string }) => id);
  const show = async (id: string): Promise<Json> => (await registry.ask('GET', `/repositories/${id}`)).body;

  describe('its description', () => {
    it('fits what routes answer to the admin, and to somebody with a wrong token', async () => {
      const [id] = await ids();
      await registry.report('local', {
        repositoryId: id as string,
        phase: SYNC_PHASE_CLONING,
        progress: { step: 'receiving', percent: 40, receivedBytes: 1234 },
      });
      const calls: [route: string, path: string, body?: unknown][] = [
        ['DELETE /connection', '/connection?now=true'],
        ['GET /audit', '/audit?limit=1'],
        ['GET /connection', '/connection'],
        ['GET /projects', '/projects'],
        ['GET /public-repositories', '/public-repositories'],
        ['GET /repositories', '/repositories?limit=3'],
        ['GET /repositories/{id}', `/repositories/${id}`],
        ['GET /repositories/{id}', '/repositories/none'],
        ['GET /selection', '/selection'],
        ['GET /status', '/status'],
        ['POST /removals/confirm', '/removals/confirm', { count: 1 }],
        ['POST /repositories/{id}/sync', `/repositories/${id}/sync`],
        ['POST /repositories/{id}/verify', `/repositories/${id}/verify`],
        ['POST /repositories/{id}/reclone', `/repositories/${id}/reclone`],
        ['PUT /connection', '/connection', { workspace: 'acme', token: 'x' }],
        ['PUT /projects/{key}/policy', '/projects/WEB/policy', { freshness: 'strict' }],
        ['PUT /selection', '/selection', { mode: 'all' }],
        ['PUT /selection', '/selection', { mode: 'none' }],
      ];
      expect((await registry.contract()).routes).toEqual(
        expect.arrayContaining(calls.map(([route]) => route)),
      );
      for (const [route, path, body] of calls) {
        const method = route.split(' ')[0] as string;
        // `ask` holds the answers against the document.
        await registry.ask(method, path, body);
        for (const token of ['wrong', '', 'the-admin-token-of-the-testsx']) {
          const { status, body: problem } = await registry.ask(method, path, body, token);
          expect([route, status, problem.code]).toEqual([route, 401, 'unauthenticated']);
        }
      }
      const strict = await registry.contract();
      const wrong = { status: 200, body: { mode: 'some' }, type: 'application/json' };
      expect(() => strict.check('GET', '/selection', wrong)).toThrow(/not as described/);
      expect(() => strict.check('GET', '/selection', { ...wrong, status: 418 })).toThrow(/not described/);
    });
  });

  describe('its door', () => {
    it('stays closed where no admin token is set', async () => {
      await using closed = await Registry.open({
        neighbours: { postgres, redis },
        databaseUrl: registry.databaseUrl,
        env: { ...env, ADMIN_TOKEN: '' },
      });
      expect(await closed.ask('GET', '/status')).toMatchObject({ status: 403, body: { code: 'denied' } });
    });

    it('answers problems with a stable code, also for what is no route and no JSON', async () => {
      const zero = Buffer.from(JSON.stringify(['path', 'a\0', 'b'])).toString('base64url');
      const form = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'text/plain' };
      const asked = [
        await registry.ask('GET', '/nothing-here'),
        await registry.ask('PUT', '/selection', '{"token":secret-word}'),
        await registry.ask('PUT', '/selection', { mode: 'all', more: true }),
        await registry.ask('PUT', '/selection', { mode: 'selected', projectKeys: 'WEB' }),
        await registry.ask('GET', '/repositories?limit=0'),
        await registry.ask('GET', '/repositories?cursor=nonsense'),
        await registry.ask('GET', '/repositories?colour=red'),
        await registry.ask('GET', '/repositories?q=%00'),
        await registry.ask('GET', '/repositories?project=a%00'),
        await registry.ask('GET', `/repositories?cursor=${zero}`),
        await registry.askWith('PUT', '/selection', { body: '{"mode":"all"}', headers: form }),
        await registry.ask('GET', '/repositories/..%2f..'),
        await registry.ask('PUT', '/selection', { mode: 'selected', projectKeys: ['x'.repeat(300_000)] }),
      ];
      expect(asked.map(({ status, body }) => [status, problemSchema.parse(body).code])).toEqual([
        [404, 'not_found'],
        [400, 'invalid'],
        [400, 'invalid'],
        [400, 'invalid'],
        [400, 'invalid'],
        [400, 'invalid'],
        [400, 'invalid'],
        [400, 'invalid'],
        [400, 'invalid'],
        [400, 'invalid'],
        [400, 'invalid'],
        [404, 'not_found'],
        [413, 'too_large'],
      ]);
      expect(asked.every(({ type }) => type === 'application/problem+json')).toBe(true);
      expect(asked[1]?.body.detail).toBe('The body is no valid JSON.');
    });
  });

  describe('the list of repositories', () => {
    it('comes page by page, without gaps and twins', async () => {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const { body }: { body: Json } = await registry.ask(
          'GET',
          `/repositories?limit=3${cursor ? `&cursor=${cursor}` : ''}`,
        );
        seen.push(...body.values.map(({ path }: { path: string }) => path));
        expect(body.total).toBe(7);
        cursor = body.next;
      } while (cursor);
      expect(seen).toEqual(Array.from({ length: 7 }, (_, n) => `group/part-${n}`));
    });

    it('comes in every order, page by page as well', async () => {
      const now = Date.now();
      const all = await ids();
      await registry.report(
        'local',
        ...all.slice(0, 6).map((repositoryId, n) => ({
          repositoryId,
          phase: SYNC_PHASE_READY,
          // Pairs of equals.
          sizeBytes: 1000 * Math.floor(n / 2),
          confirmedAtMs: now - 1000 * Math.floor(n / 2),
        })),
      );
      const read = async (sort: string): Promise<Json[]> => {
        const seen: Json[] = [];
        for (let cursor: string | null = ''; cursor !== null;) {
          const more: string = cursor && `&cursor=${cursor}`;
          const page: Json = (await registry.ask('GET', `/repositories?limit=2&sort=${sort}${more}`)).body;
          seen.push(...page.values);
          cursor = page.next;
        }
        return seen;
      };
      await eventually(async () => (await show(all[5] as string)).sizeBytes === 2000);
      const sizes = async (sort: string): Promise<number[]> =>
        (await read(sort)).map(({ sizeBytes }) => sizeBytes);
      expect(await sizes('size')).toEqual([0, 0, 0, 1000, 1000, 2000, 2000]);
      expect(await sizes('-size')).toEqual([2000, 2000, 1000, 1000, 0, 0, 0]);
      const paths = (await read('-path')).map(({ path }) => path);
      expect(paths).toEqual(Array.from({ length: 7 }, (_, n) => `group/part-${6 - n}`));
      const lags = (await read('-lag')).map(({ path }) => path);
      expect(lags[0]).toBe('group/part-6');
      expect(lags.slice(1, 3).sort()).toEqual(['group/part-4', 'group/part-5']);
      expect(new Set((await read('updated')).map(({ path }) => path)).size).toBe(7);
      const { body } = await registry.ask('GET', '/repositories?limit=2&sort=size');
      expect((await registry.ask('GET', `/repositories?sort=lag&cursor=${body.next}`)).status).toBe(400);
      expect((await registry.ask('GET', '/repositories?sort=colour')).status).toBe(400);
    });

    it('finds by a part of the path, taken as it is written', async () => {
      const find = async (q: string): Promise<number> =>
        (await registry.ask('GET', `/repositories?q=${encodeURIComponent(q)}`)).body.total;
      expect([
        await find('PART-3'),
        await find('part_3'),
        await find('%'),
        await find("'; DROP TABLE repository"),
      ]).toEqual([1, 0, 0, 0]);
    });

    it('finds by phase and by project', async () => {
      const [, , failing] = await ids();
      await registry.report('local', {
        repositoryId: failing as string,
        phase: SYNC_PHASE_FAILING,
        errorCode: 'disk_full',
        error: 'No room.',
      });
      await eventually(
        async () => (await registry.ask('GET', '/repositories?phase=failing')).body.total === 1,
      );
      const { body } = await registry.ask('GET', '/repositories?phase=failing');
      expect(body.values[0]).toMatchObject({
        id: failing,
        error: { code: 'disk_full', message: 'No room.' },
      });
      expect((await registry.ask('GET', '/repositories?project=WEB')).body.total).toBe(0);
      expect((await registry.ask('GET', '/status')).body.repositories.byPhase.failing).toBe(1);
    });
  });

  describe('a repository', () => {
    it('shows where to clone and where to push', async () => {
      const [id] = await ids();
      expect(await show(id as string)).toMatchObject({
        cloneUrls: {
          https: 'https://mirror.example/group/part-0.git',
          ssh: 'ssh://git@mirror.example:7999/group/part-0.git',
          primary: { https: 'http://127.0.0.1:1/group/part-0.git', ssh: null },
        },
        pushUrl: 'http://127.0.0.1:1/group/part-0.git',
      });
    });

    it('shows the newest report of each node, whatever the order in which they come', async () => {
      const [, id] = (await ids()) as [string, string];
      const now = Date.now();
      const ready = {
        repositoryId: id,
        phase: SYNC_PHASE_READY,
        epoch: 7,
        confirmedAtMs: now - 5000,
        sizeBytes: 10,
        receivedBytesTotal: 100,
      };
      await registry.report('local', { ...ready, reportedAtMs: now });
      await eventually(async () => (await show(id)).phase === 'ready');
      await registry.report('local', { repositoryId: id, phase: SYNC_PHASE_CLONING, reportedAtMs: now - 10 });
      await registry.report('syd-1', {
        ...ready,
        epoch: 6,
        phase: SYNC_PHASE_FAILING,
        errorCode: 'primary_unavailable',
        error: 'Away.',
        reportedAtMs: now,
      });
      const shown = await eventually(async () => {
        const repository = await show(id);
        return repository.nodes.length === 2 && repository;
      });
      expect(shown.nodes).toMatchObject([
        { node: 'local', phase: 'ready', epoch: 7 },
        { node: 'syd-1', phase: 'failing', epoch: 6 },
      ]);
      // What needs attention stands for the whole.
      expect(shown).toMatchObject({
        phase: 'failing',
        receivedBytesTotal: 200,
        error: { code: 'primary_unavailable' },
      });
      expect(shown.nodes[0].lagSeconds).toBeGreaterThanOrEqual(5);
    });

    it('shows the large files of the node that misses most, and those of each node', async () => {
      const [, , id] = (await ids()) as [string, string, string];
      const none = { objects: 0, bytes: 0, missing: 0, missingBytes: 0, error: null };
      expect((await show(id)).lfs).toEqual(none);
      const now = Date.now();
      const all = { repositoryId: id, objects: 7, bytes: 700, reportedAtMs: now };
      const some = { ...all, objects: 5, bytes: 500, missing: 2, missingBytes: 200 };
      const why = { errorCode: 'not_found', error: 'The primary has no such object.' };
      await registry.report('local', { repositoryId: id, phase: SYNC_PHASE_READY });
      await registry.reportLfs('local', all, { repositoryId: '../etc', objects: 1 });
      await registry.reportLfs('syd-1', { ...some, ...why });
      // An older word that comes late.
      await registry.reportLfs('local', { ...all, objects: 1, reportedAtMs: now - 10 });
      const shown = await eventually(async () => {
        const repository = await show(id);
        return repository.lfs.missing === 2 && repository.nodes[0]?.lfs.objects === 7 && repository;
      });
      expect(shown.lfs).toEqual({
        objects: 5,
        bytes: 500,
        missing: 2,
        missingBytes: 200,
        error: { code: 'not_found', message: 'The primary has no such object.' },
      });
      expect(shown.nodes[0].lfs).toEqual({ ...none, objects: 7, bytes: 700 });
      await expect(registry.reportLfs('not a node!', all)).rejects.toMatchObject({ code: 'invalid' });
    });

    it('is looked through or cloned anew when an admin asks, who finds out what came of it', async () => {
      const [, , , , id] = (await ids()) as [string, string, string, string, string];
      expect(await show(id)).toMatchObject({ verification: null, verifiedAt: null });
      await registry.report('local', { repositoryId: id, phase: SYNC_PHASE_READY });
      for (const what of ['verify', 'reclone']) {
        expect((await registry.ask('POST', `/repositories/${id}/${what}`)).status).toBe(202);
        expect(await queued(redis, `mirror.${what}` as 'mirror.verify', 'local')).toContainEqual(
          expect.objectContaining({ name: `mirror.${what}`, repositoryId: id, reason: 'admin' }),
        );
        const [entry] = (await registry.ask('GET', '/audit?limit=1')).body.values;
        expect(entry).toMatchObject({ action: `repository.${what}_requested`, subject: id });
        expect((await registry.ask('POST', `/repositories/none/${what}`)).status).toBe(404);
      }
      const now = Date.now();
      const tell = (node: string, state: wire.VerificationState, atMs: number, message: string) =>
        registry.report(node, {
          repositoryId: id,
          phase: SYNC_PHASE_READY,
          verification: { state, atMs, message },
        });
      const { VERIFICATION_STATE_OK, VERIFICATION_STATE_RUNNING } = wire.VerificationState;
      await tell('local', VERIFICATION_STATE_OK, now - 1000, 'All is well.');
      await tell('syd-1', VERIFICATION_STATE_OK, now, 'All is well.');
      const whole = await eventually(async () => {
        const shown = await show(id);
        return shown.verifiedAt !== null && shown;
      });
      // Since then all nodes are known to be whole.
      expect(whole.verifiedAt).toBe(new Date(now - 1000).toISOString());
      await tell('syd-1', VERIFICATION_STATE_RUNNING, now + 1, 'Looking.');
      const again = await eventually(async () => {
        const shown = await show(id);
        return shown.verification.state === 'running' && shown;
      });
      expect(again.verification.message).toBe('Looking.');
      expect(again.nodes[1].verifiedAt).toBe(new Date(now).toISOString());
    });

    it('takes no report about what it does not know', async () => {
      const stranger = '00000000-0000-4000-8000-000000000000';
      const [, , , known] = await ids();
      await registry.report(
        'local',
        { repositoryId: stranger, phase: SYNC_PHASE_READY },
        { repositoryId: '../etc', phase: SYNC_PHASE_READY },
        { repositoryId: known as string, phase: SYNC_PHASE_READY },
      );
      await eventually(async () => (await show(known as string)).phase === 'ready');
      expect((await registry.ask('GET', `/repositories/${stranger}`)).status).toBe(404);
    });

    it('is synced on every node when an admin asks', async () => {
      const [id] = (await ids()) as [string];
      await registry.report('local');
      expect((await registry.ask('POST', `/repositories/${id}/sync`)).status).toBe(202);
      await eventually(async () =>
        (await queuedSyncs(redis, 'local')).some(
          ({ repositoryId, reason }) => repositoryId === id && reason === 'admin',
        ),
      );
      await redis.stop();
      try {
        expect(await registry.ask('POST', `/repositories/${id}/sync`)).toMatchObject({
          status: 503,
          body: { code: 'service_unavailable' },
        });
        expect((await registry.ask('GET', '/status')).body.checks).toEqual({ database: 'ok', redis: 'away' });
      } finally {
        await redis.start();
      }
    });
  });

  describe('a mirror without a connection', () => {
    it('says so, and serves what it can', async () => {
      await using lonely = await Registry.open({
        neighbours: { postgres, redis },
        env: { PRIMARY_KIND: 'bitbucket-cloud', PRIMARY_GIT_URL: '' },
      });
      expect((await lonely.ask('GET', '/connection')).body).toMatchObject({
        state: 'unconnected',
        workspace: null,
        webhook: { state: 'polling' },
      });
      expect(await lonely.ask('GET', '/projects')).toMatchObject({
        status: 409,
        body: { code: 'not_connected' },
      });
      expect(await lonely.ask('GET', '/repositories')).toMatchObject({
        status: 200,
        body: { values: [], total: 0 },
      });
      const asked = callUnary(lonely.client, 'getConnection', {}, { timeoutMs: 5000 });
      await expect(asked).rejects.toMatchObject({ code: 'not_connected' });
    });
  });

  describe('a primary without an API', () => {
    let scratch: Awaited<ReturnType<typeof openScratch>>;
    let host: GitHttpBackend;

    beforeAll(async () => {
      scratch = await openScratch();
      await git(['init', '--bare', '--quiet', `${scratch.path}/team/tools.git`]);
      host = await startGitHttpBackend({ root: scratch.path });
    });

    afterAll(async () => {
      await host?.[Symbol.asyncDispose]();
      await scratch?.[Symbol.asyncDispose]();
    });

    it('has its repositories learnt on demand, once, under one identity', async () => {
      const onDemand = { PRIMARY_KIND: 'git-http', PRIMARY_GIT_URL: host.url, PRIMARY_ON_DEMAND: 'true' };
      await using learner = await Registry.open({ neighbours: { postgres, redis }, env: onDemand });
      using watched = learner.watch();
      const learn = (path: string): Promise<wire.LearnRepositoryResponse> =>
        callUnary(learner.client, 'learnRepository', { path }, { timeoutMs: 10_000 });
      const answers = await Promise.all([learn('team/tools'), learn('team/tools.git'), learn('team/tools')]);
      expect(new Set(answers.map(({ repository }) => repository?.id)).size).toBe(1);
      expect(answers[0]?.repository).toMatchObject({ path: 'team/tools', public: true });
      await watched.until(['team/tools']);
      await expect(learn('../etc')).rejects.toMatchObject({ code: 'invalid' });
      expect((await learner.ask('GET', '/selection')).body).toEqual({
        mode: 'all',
        publicRepositories: 'include',
      });
      expect(
        await learner.ask('PUT', '/selection', { mode: 'selected', projectKeys: ['WEB'] }),
      ).toMatchObject({ status: 422, body: { code: 'unsupported' } });
      expect(
        await learner.ask('PUT', '/selection', { mode: 'all', publicRepositories: 'exclude' }),
      ).toMatchObject({ status: 422, body: { code: 'unsupported' } });
      expect((await learner.ask('GET', '/public-repositories')).body.values).toMatchObject([
        { path: 'team/tools', mirrored: true },
      ]);
    });

    it('learns nothing where that is not configured', async () => {
      const asked = callUnary(
        registry.client,
        'learnRepository',
        { path: 'team/tools' },
        { timeoutMs: 5000 },
      );
      await expect(asked).rejects.toMatchObject({ code: 'unsupported' });
    });

    it('lets go of a repository that is taken out of the settings', async () => {
      const databaseUrl = await freshDatabase(postgres);
      const settings = { PRIMARY_KIND: 'git-http', PRIMARY_GIT_URL: host.url };
      await Registry.open({
        neighbours: { postgres, redis },
        databaseUrl,
        env: { ...settings, PRIMARY_REPOSITORIES: 'team/tools,team/toys' },
      }).then(async (first) => {
        await first.untilPaths(['team/tools', 'team/toys']);
        await first[Symbol.asyncDispose]();
      });
      await using second = await Registry.open({
        neighbours: { postgres, redis },
        databaseUrl,
        env: { ...settings, PRIMARY_REPOSITORIES: 'team/tools' },
      });
      await second.untilPaths(['team/tools']);
    });
  });
});
