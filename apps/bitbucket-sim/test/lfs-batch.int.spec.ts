import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SimApi, SimLfsObject } from '@antipode/testing';
import { apiOf, ask, batch, jsonOf, LFS_JSON } from './lfs-requests.js';
import { SimUnderTest } from './open-sim.js';

const ABSENT = { oid: 'a'.repeat(64), size: 3 };

describe('the batch API', () => {
  let sim: SimUnderTest;
  let api: SimApi;
  let object: SimLfsObject;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
    api = apiOf(sim);
    object = await api.lfs.put('acme/warehouse', 'bytes');
  });
  afterAll(() => sim[Symbol.asyncDispose]());

  const post = (
    path: string,
    as: string | undefined,
    operation: string,
    headers = {},
    objects: unknown[] = [],
  ) => ask(sim, path, { ...(as ? { as } : {}), body: { operation, objects }, headers });
  const status = async (...args: Parameters<typeof post>) => (await post(...args)).status;

  it.each(['acme/warehouse.git/info/lfs/objects/batch', 'acme/warehouse/info/lfs/objects/batch'])(
    'answers at %s with links to another origin',
    async (path) => {
      const response = await post(path, 'walter', 'download', {}, [object]);
      const json = await jsonOf(response);

      expect(response.headers.get('content-type')).toContain(LFS_JSON);
      expect(json).toEqual({
        transfer: 'basic',
        hash_algo: 'sha256',
        objects: [
          {
            ...object,
            authenticated: true,
            actions: { download: expect.objectContaining({ expires_in: 900 }) },
          },
        ],
      });
      const { href } = json.objects[0].actions.download;
      expect(new URL(href).origin).toBe((await api.state()).media);
      expect(new URL(href).origin).not.toBe(sim.url);
      expect(href).toMatch(/%2d.*%c3%a9/);
    },
  );

  it('asks for the rights that git asks for', async () => {
    const [ofData, ofWeb] = ['acme/warehouse.git', 'acme/storefront.git'].map(
      (p) => `${p}/info/lfs/objects/batch`,
    );
    const anonymous = await post(ofData ?? '', undefined, 'download');

    expect([anonymous.status, anonymous.headers.get('lfs-authenticate')]).toEqual([
      401,
      expect.stringContaining('Basic'),
    ]);
    expect(await anonymous.json()).toHaveProperty('message');
    expect(await status(ofData ?? '', 'rita', 'download')).toBe(403);
    expect(await status('acme/nothing.git/info/lfs/objects/batch', 'rita', 'download')).toBe(403);
    expect(await status(ofWeb ?? '', 'rita', 'download')).toBe(200);
    expect(await status(ofWeb ?? '', 'rita', 'upload')).toBe(403);
    expect(await status(ofWeb ?? '', 'walter', 'upload')).toBe(200);
    expect(await status(ofWeb ?? '', 'mirror', 'download')).toBe(200);
    expect(await status('acme/handbook.git/info/lfs/objects/batch', undefined, 'download')).toBe(200);
    expect(await status('acme/handbook.git/info/lfs/objects/batch', undefined, 'upload')).toBe(401);
    await api.settings({ missingStatus: 404 });
    expect(await status(ofData ?? '', 'rita', 'download')).toBe(404);
    await api.settings({ missingStatus: 403 });
  });

  it('wants the media types, some JSON, and not too much of it', async () => {
    const path = 'acme/warehouse.git/info/lfs/objects/batch';
    const raw = async (body: string) => (await ask(sim, path, { as: 'walter', body })).status;

    expect(await status(path, 'walter', 'download', { accept: 'application/json' })).toBe(406);
    expect(await status(path, 'walter', 'download', { 'content-type': 'application/json' })).toBe(415);
    expect(await status(path, 'walter', 'download', { 'content-type': `${LFS_JSON}; charset=utf-8` })).toBe(
      200,
    );
    expect(await raw('{')).toBe(422);
    expect(await raw('{"operation":"erase","objects":[]}')).toBe(422);
    expect(await raw(' '.repeat(2_000_000))).toBe(413);
    expect((await ask(sim, path, { as: 'walter' })).status).toBe(405);
    expect(await status('acme/warehouse.git/info/lfs/objects', 'walter', 'download')).toBe(404);
    const many = Array.from({ length: 101 }, () => object);
    expect(await status(path, 'walter', 'download', {}, many)).toBe(413);
    expect(await status(path, 'walter', 'download', {}, many.slice(1))).toBe(200);
    await api.settings({ lfsBatchLimit: 2 });
    expect(await status(path, 'walter', 'download', {}, many.slice(0, 3))).toBe(413);
    await api.settings({ lfsBatchLimit: 100 });
  });

  it('tells of each object by itself', async () => {
    const asked = [
      object,
      ABSENT,
      { oid: 'nonsense', size: 1 },
      { ...object, size: -1 },
      { ...object, size: 9 },
      7,
    ];
    const { objects } = await batch(sim, 'acme/warehouse', { operation: 'download', objects: asked });

    const codes = (all: { error?: { code: number } }[]) => all.map(({ error }) => error?.code);
    expect(codes(objects)).toEqual([undefined, 404, 422, 422, 422, 422]);
    expect(objects[1].error.message).toBe('Object does not exist');
    const other = await batch(sim, 'acme/warehouse', {
      operation: 'download',
      hash_algo: 'sha512',
      objects: [object],
    });
    expect(codes(other.objects)).toEqual([409]);
  });

  it('knows an object in its own repository only', async () => {
    const ask = { operation: 'download', objects: [object] } as const;

    expect((await batch(sim, 'acme/pipelines', ask)).objects[0].error.code).toBe(404);
    expect((await batch(sim, 'acme/warehouse', ask)).objects[0].error).toBeUndefined();
  });

  it('offers to take what it lacks, and nothing for what it has', async () => {
    const asked = [object, ABSENT];
    const { objects } = await batch(sim, 'acme/warehouse', { operation: 'upload', objects: asked });

    expect(objects[0]).toEqual(object);
    expect(Object.keys(objects[1].actions)).toEqual(['upload', 'verify']);
    expect(objects[1].actions.verify.header).toHaveProperty('Authorization');
  });

  it('takes no notice of the adapters that Sourcetree names', async () => {
    const transfers = ['bitbucket-media-api', 'lfs-standalone-file', 'basic', 'ssh'];
    const ask = { operation: 'download', objects: [object] } as const;

    expect(await batch(sim, 'acme/warehouse', { ...ask, transfers })).toMatchObject({ transfer: 'basic' });
    await expect(batch(sim, 'acme/warehouse', { ...ask, transfers: ['ssh'] })).rejects.toThrow('422');
  });

  it('counts batches and what they asked for', async () => {
    await api.resetCounters();
    await batch(sim, 'acme/warehouse', { operation: 'download', objects: [object, ABSENT] });
    await batch(sim, 'acme/warehouse', { operation: 'upload', objects: [ABSENT] });
    await post('acme/warehouse.git/info/lfs/objects/batch', undefined, 'download');

    const { lfs } = await api.counters();
    expect(lfs.batches).toEqual({
      download: { requests: 1, objects: 2 },
      upload: { requests: 1, objects: 1 },
    });
    expect(lfs.repositories).toEqual({ 'acme/warehouse': { download: 1, upload: 1 } });
    expect([lfs.api.requests, lfs.api.statuses]).toEqual([3, { 200: 2, 401: 1 }]);
    expect(await api.lfs.traffic(ABSENT.oid)).toMatchObject({ asked: 1, downloads: 0 });
    expect(await api.lfs.traffic(createHash('sha256').digest('hex'))).toMatchObject({ asked: 0 });
  });

  describe('locks', () => {
    const locks = (path: string, as: string, body?: unknown) =>
      ask(sim, `acme/pipelines.git/info/lfs/locks${path}`, { as, ...(body === undefined ? {} : { body }) });

    it.each([404, 501])('are absent with %i, for those who may know', async (absence) => {
      await api.settings({ lfsLocking: absence });
      const answers = [
        await locks('', 'walter'),
        await locks('', 'walter', { path: 'x' }),
        await locks('/verify', 'walter', {}),
        await locks('/1/unlock', 'walter', {}),
      ];

      expect(answers.map((answer) => answer.status)).toEqual(Array(4).fill(absence));
      expect(await answers[0]?.json()).toHaveProperty('message');
      expect((await locks('', 'rita')).status).toBe(403);
    });

    it('are one per path, listed page by page, and told apart by owner', async () => {
      await api.settings({ lfsLocking: 'on' });
      const made = await locks('', 'walter', { path: 'a', ref: { name: 'refs/heads/main' } });
      const { lock } = await jsonOf(made);
      await locks('', 'olivia', { path: 'b' });
      await locks('', 'walter', { path: 'c' });
      const again = await locks('', 'olivia', { path: 'a' });

      expect(made.status).toBe(201);
      expect(lock).toEqual({
        id: expect.any(String),
        path: 'a',
        locked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
        owner: { name: 'Walter Writer' },
      });
      expect([again.status, await again.json()]).toEqual([409, { lock, message: 'already created lock' }]);
      const first = await jsonOf(locks('?limit=2', 'walter'));
      expect(first.locks.map((one: { path: string }) => one.path)).toEqual(['a', 'b']);
      const second = await jsonOf(locks(`?limit=2&cursor=${first.next_cursor}`, 'walter'));
      expect(second).toEqual({ locks: [expect.objectContaining({ path: 'c' })] });
      expect(await jsonOf(locks('?path=a', 'walter'))).toEqual({ locks: [lock] });
      expect(await jsonOf(locks(`?id=${lock.id}&path=`, 'walter'))).toEqual({ locks: [lock] });
      const verified = await jsonOf(locks('/verify', 'olivia', { ref: { name: 'refs/heads/main' } }));
      expect(verified.ours.map((one: { path: string }) => one.path)).toEqual(['b']);
      expect(verified.theirs.map((one: { path: string }) => one.path)).toEqual(['a', 'c']);
      expect(await jsonOf(locks('/verify', 'olivia', { limit: 1 }))).toMatchObject({
        ours: [],
        next_cursor: expect.any(String),
      });
    });

    it('are taken back by their owner, and by force by administrators only', async () => {
      await api.settings({ lfsLocking: 'on' });
      const lock = async (path: string, as: string) =>
        (await jsonOf(locks('', as, { path }))).lock.id as string;
      const [mine, hers] = [await lock('mine', 'walter'), await lock('hers', 'olivia')];
      const unlock = async (id: string, as: string, body: object) =>
        (await locks(`/${id}/unlock`, as, body)).status;

      expect(await unlock(hers, 'walter', {})).toBe(403);
      expect(await unlock(hers, 'walter', { force: true })).toBe(403);
      expect(await unlock(mine, 'olivia', {})).toBe(403);
      expect(await unlock(mine, 'olivia', { force: true })).toBe(200);
      expect(await unlock(hers, 'olivia', {})).toBe(200);
      expect(await unlock(hers, 'olivia', {})).toBe(404);
    });

    it('belong to those who may write', async () => {
      await api.settings({ lfsLocking: 'on' });
      const web = (path: string, body?: unknown) =>
        ask(sim, `acme/storefront.git/info/lfs/locks${path}`, { as: 'rita', ...(body ? { body } : {}) });

      expect((await web('')).status).toBe(200);
      expect((await web('', { path: 'x' })).status).toBe(403);
      expect((await web('/verify', {})).status).toBe(403);
      expect(await (await web('')).json()).toEqual({ locks: [] });
    });
  });
});
