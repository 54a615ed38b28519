import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SimApi, SimLfsFault, SimLfsObject } from '@antipode/testing';
import { apiOf, ask, batch, follow, gitAuthorization, linkTo, type Action } from './lfs-requests.js';
import { SimUnderTest } from './open-sim.js';

const REPOSITORY = 'acme/warehouse';
const TEXT = '0123456789';

describe('the media host', () => {
  let sim: SimUnderTest;
  let api: SimApi;
  let object: SimLfsObject;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
    api = apiOf(sim);
    object = await api.lfs.put(REPOSITORY, TEXT);
  });
  afterAll(() => sim[Symbol.asyncDispose]());
  afterEach(() => api.heal());

  const link = (name?: 'download' | 'upload' | 'verify', of: SimLfsObject = object) =>
    linkTo(sim, REPOSITORY, of, name);
  const fault = (...lfs: SimLfsFault[]) => api.faults({ lfs });
  const media = async () => (await api.counters()).lfs.media;
  const status = async (response: Promise<Response>) => (await response).status;

  it('hands out the whole, a part, and no part that is not there', async () => {
    await api.resetCounters();
    const action = await link();
    const whole = await follow(action);
    const part = (range: string) => follow(action, { headers: { range } });
    const tail = await part('bytes=4-');
    const beyond = await part('bytes=10-');

    expect([whole.status, whole.headers.get('accept-ranges'), await whole.text()]).toEqual([
      200,
      'bytes',
      TEXT,
    ]);
    expect([tail.status, tail.headers.get('content-range'), await tail.text()]).toEqual([
      206,
      'bytes 4-9/10',
      '456789',
    ]);
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    expect(await (await part('bytes=-3')).text()).toBe('789');
    expect(await status(follow(action, { method: 'HEAD' }))).toBe(405);
    expect(await api.lfs.traffic(object.oid)).toMatchObject({ asked: 1, downloads: 3, bytesOut: 19 });
    expect(await media()).toMatchObject({ requests: 5, statuses: { 200: 1, 206: 2, 405: 1, 416: 1 } });
  });

  it('hands out an empty file', async () => {
    const response = await follow(await link('download', await api.lfs.put(REPOSITORY, '')));

    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
      200,
      '0',
      '',
    ]);
  });

  it('refuses and counts an Authorization that the link has not asked for', async () => {
    await api.resetCounters();
    const action = await link();
    const authorization = gitAuthorization(sim, 'walter');

    expect(await status(follow(action, { headers: { authorization } }))).toBe(400);
    expect(await status(fetch(`${new URL(action.href).origin}/`, { headers: { authorization } }))).toBe(400);
    expect((await media()).strayAuthorization).toBe(2);
  });

  it.each<[string, (action: Action) => Action]>([
    ['without its header', ({ href, ...rest }) => ({ ...rest, href, header: {} })],
    ['with escapes that are written in another way', (a) => ({ ...a, href: a.href.replace('%2d', '%2D') })],
    ['with escapes that are undone', (a) => ({ ...a, href: a.href.replace('%c3%a9', '%C3%A9') })],
    ['of another object', (a) => ({ ...a, href: a.href.replace(/token=./, 'token=f') })],
    ['without a signature', (a) => ({ ...a, href: a.href.replace(/&sig=.*/, '') })],
  ])('refuses a link %s', async (_name, forge) => {
    expect(await status(follow(forge(await link())))).toBe(403);
  });

  it('refuses a link for another purpose, and one that has expired', async () => {
    expect(await status(follow(await link(), { method: 'PUT', body: TEXT }))).toBe(405);
    await api.settings({ lfsLinkLifetimeSeconds: 0 });
    const dead = await link();
    await api.settings({ lfsLinkLifetimeSeconds: 900 });

    expect([dead.expires_in, await status(follow(dead))]).toEqual([0, 403]);
  });

  it('takes what was announced, and confirms it afterwards only', async () => {
    const bytes = randomBytes(200_000);
    const wanted = { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
    const { objects } = await batch(sim, REPOSITORY, { operation: 'upload', objects: [wanted] });
    const { upload, verify } = objects[0].actions as Record<'upload' | 'verify', Action>;
    const put = (body: Buffer) => status(follow(upload, { method: 'PUT', body: new Uint8Array(body) }));
    const confirm = (object: object) =>
      status(follow(verify, { method: 'POST', body: JSON.stringify(object) }));

    expect(await confirm(wanted)).toBe(404);
    expect(await put(randomBytes(200_000))).toBe(400);
    expect(await put(bytes.subarray(1))).toBe(400);
    expect(await status(follow(upload, { method: 'PUT', ...inPieces(bytes, randomBytes(9_000_000)) }))).toBe(
      400,
    );
    expect(await confirm(wanted)).toBe(404);
    expect(await put(bytes)).toBe(200);
    expect(await confirm({ ...wanted, size: 1 })).toBe(422);
    expect(await confirm(wanted)).toBe(200);
    expect(await status(follow({ ...verify, header: {} }, { method: 'POST', body: '{}' }))).toBe(403);
    expect(await api.lfs.traffic(wanted.oid)).toMatchObject({ uploads: 1, verifications: 1 });
    expect(await (await follow(await link('download', wanted))).arrayBuffer()).toHaveProperty(
      'byteLength',
      200_000,
    );
  });

  describe('with faults', () => {
    it('loses an object, in the batch or behind it', async () => {
      await fault({ kind: 'lost', oid: object.oid, times: 1 });
      const ask = { operation: 'download', objects: [object] } as const;
      expect((await batch(sim, REPOSITORY, ask)).objects[0].error.code).toBe(404);
      expect((await batch(sim, REPOSITORY, ask)).objects[0].error).toBeUndefined();
      await fault({ kind: 'lost', at: 'media' });
      expect(await status(follow(await link()))).toBe(404);
    });

    it('corrupts one byte, the same one of each part', async () => {
      await fault({ kind: 'corrupt', oid: object.oid });
      const action = await link();
      const whole = await (await follow(action)).bytes();
      const part = await (await follow(action, { headers: { range: 'bytes=3-' } })).bytes();

      expect([...whole].filter((byte, i) => byte !== TEXT.charCodeAt(i))).toEqual([
        TEXT.charCodeAt(5) ^ 0xff,
      ]);
      expect(part[2]).toBe(whole[5]);
      const other = await api.lfs.put(REPOSITORY, 'another');
      expect(await (await follow(await link('download', other))).text()).toBe('another');
    });

    it('breaks off in the middle, and goes on where it was', async () => {
      await fault({ kind: 'truncated', afterBytes: 4, times: 1 });
      const action = await link();
      const cut = await follow(action);

      expect(cut.headers.get('content-length')).toBe('10');
      await expect(cut.text()).rejects.toThrow();
      await fault({ kind: 'truncated', afterBytes: 0, times: 1 });
      expect((await follow(action)).status).toBe(200);
      expect(await (await follow(action, { headers: { range: 'bytes=4-' } })).text()).toBe('456789');
    });

    it('cuts what is under way', async () => {
      await fault({ kind: 'slow', bytesPerSecond: 20 });
      const response = await follow(await link());
      await api.breakStreams();

      await expect(response.text()).rejects.toThrow();
    });

    it('is slow to begin, and slow to go on', async () => {
      const elapsed = async (kind: SimLfsFault) => {
        await fault(kind);
        const action = await link();
        const begun = Date.now();
        expect(await (await follow(action)).text()).toBe(TEXT);
        return Date.now() - begun;
      };

      expect(await elapsed({ kind: 'slow', firstByteMs: 150 })).toBeGreaterThanOrEqual(145);
      expect(await elapsed({ kind: 'slow', bytesPerSecond: 40 })).toBeGreaterThanOrEqual(190);
    });

    it('hands out dead links, which only another batch can heal', async () => {
      await fault({ kind: 'expired', times: 1 });
      const [dead, alive] = [await link(), await link()];

      expect(dead.expires_in).toBe(900);
      expect([await status(follow(dead)), await status(follow(dead))]).toEqual([403, 403]);
      expect(await status(follow(alive))).toBe(200);
    });

    it('answers with a status, to one method', async () => {
      await fault({ kind: 'broken', times: 2 }, { kind: 'broken', method: 'PUT', status: 507 });
      const action = await link();
      const seen = [await status(follow(action)), await status(follow(action)), await status(follow(action))];

      expect(seen).toEqual([500, 500, 200]);
      const upload = await link('upload', { oid: 'b'.repeat(64), size: 1 });
      expect(await status(follow(upload, { method: 'PUT', body: 'x' }))).toBe(507);
    });

    it('sends downloads to a third origin, which wants no header of ours', async () => {
      await api.resetCounters();
      await fault({ kind: 'redirected', hops: 2 });
      const action = await link();
      const first = await follow(action, { redirect: 'manual' });
      const to = first.headers.get('location') ?? '';
      const second = await fetch(to, { redirect: 'manual' });

      expect([first.status, second.status]).toEqual([302, 302]);
      expect([sim.url, new URL(action.href).origin]).not.toContain(new URL(to).origin);
      expect(await (await fetch(second.headers.get('location') ?? '')).text()).toBe(TEXT);
      expect(await status(fetch(to, { headers: action.header }))).toBe(400);
      expect(await media()).toMatchObject({ strayHeader: 1, statuses: { 200: 1, 302: 2, 400: 1 } });
      expect((await api.lfs.traffic(object.oid)).downloads).toBe(1);
    });

    it('sends downloads around on itself', async () => {
      await fault({ kind: 'redirected', to: 'itself', hops: 3 });

      expect(await (await follow(await link())).text()).toBe(TEXT);
    });

    it('takes no notice of Range', async () => {
      await fault({ kind: 'rangeless' });
      const response = await follow(await link(), { headers: { range: 'bytes=5-' } });

      expect([response.status, await response.text()]).toEqual([200, TEXT]);
    });

    it('is down when everything is', async () => {
      const action = await link();
      await api.faults({ down: 'unavailable' });
      expect(await status(follow(action))).toBe(503);
      await api.faults({ down: 'destroy' });
      await expect(follow(action)).rejects.toThrow();
    });
  });

  describe('batches with faults', () => {
    const path = `${REPOSITORY}.git/info/lfs/objects/batch`;
    const body = () => ({ operation: 'download', objects: [object] });
    const post = () => ask(sim, path, { as: 'walter', body: body() });

    it.each([429, 500, 503])('answer %i, with what to wait for', async (code) => {
      await fault({ kind: 'refused', status: code, retryAfterSeconds: 3, times: 1 });
      const refused = await post();

      expect([refused.status, refused.headers.get('retry-after')]).toEqual([code, '3']);
      expect(await refused.json()).toHaveProperty('message');
      expect((await post()).status).toBe(200);
    });

    it('are aimed at by the faults of all doors too', async () => {
      await api.faults({
        fail: [
          { class: 'git', status: 503 },
          { class: 'lfs', status: 500, times: 1 },
        ],
      });

      expect([(await post()).status, (await post()).status]).toEqual([500, 200]);
    });

    it('answer garbage', async () => {
      await fault({ kind: 'garbage', times: 1 });
      const response = await post();

      expect(response.status).toBe(200);
      await expect(response.json()).rejects.toThrow();
    });

    it('never answer, and hear of those who go', async () => {
      await fault({ kind: 'silent', times: 1 });
      const answer = ask(sim, path, { as: 'walter', body: body() });
      const outcome = await Promise.race([
        answer.then(
          () => 'answered',
          () => 'cut',
        ),
        sleep(200, 'quiet'),
      ]);
      expect(outcome).toBe('quiet');
      await api.breakStreams();
      await expect(answer).rejects.toThrow();
    });
  });

  it('remembers objects over a restart, but no links', async () => {
    const action = await link();
    await sim.restart();
    api = apiOf(sim);
    const fresh = await link();

    expect(await (await follow(fresh)).text()).toBe(TEXT);
    const moved = {
      ...action,
      href: action.href.replace(new URL(action.href).origin, new URL(fresh.href).origin),
    };
    expect(await status(follow(moved))).toBe(403);
  });
});

/** A body without a Content-Length. */
const inPieces = (...pieces: Buffer[]) => ({
  body: ReadableStream.from(pieces.map((piece) => new Uint8Array(piece))),
  duplex: 'half' as const,
});
