import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LFS_MEDIA_TYPE, type LfsObject } from '@antipode/lfs-wire';
import { eventually } from '@antipode/testing';
import {
  answerTo,
  ask,
  begin,
  givenDoor,
  REPOSITORY,
  sealed,
  ticketFor,
  type Answered,
  type GivenDoor,
} from './given-door.js';
import { openBytes, type OpenBytes } from './open-bytes.js';
import { make, sourceAt, startStorage, status, type Answer, type Storage } from './start-storage.js';

describe('an upload through the door', () => {
  let storage: Storage;
  let here: OpenBytes;
  let door: GivenDoor;
  let taken: Buffer[] = [];
  beforeAll(async () => {
    storage = await startStorage();
  });
  beforeEach(async () => {
    taken = [];
    here = await openBytes({ idleMs: 2000 });
    door = await givenDoor(here, sourceAt(storage.url));
  });
  afterEach(async () => {
    await door[Symbol.asyncDispose]();
    await here[Symbol.asyncDispose]();
  });
  afterAll(async () => storage[Symbol.asyncDispose]());

  const take =
    (code = 200): Answer =>
    (request, response) =>
      void buffer(request).then(
        (bytes) => {
          taken.push(bytes);
          response.writeHead(code).end();
        },
        () => undefined,
      );
  const action = (): { href: string; header: Record<string, string> } => ({
    href: `${storage.url}/put%2Fhere?sig=a%2Bb`,
    header: { Authorization: 'Storage key', 'X-Amz': 'y' },
  });
  const headersFor = (object: LfsObject): Record<string, string | number> => ({
    ...sealed('upload', object, action()),
    'content-length': object.size,
  });
  const put = (object: LfsObject, body: Buffer): Promise<Answered> =>
    ask(door, ticketFor(object, { action: 'upload' }), { method: 'PUT', headers: headersFor(object), body });

  it('reaches the primary by its own link and headers, and stays here', async () => {
    const { bytes, object } = make();
    storage.answer(take());
    const answer = await put(object, bytes);
    expect(answer.status).toBe(200);
    expect(taken[0]?.equals(bytes)).toBe(true);
    const [request] = storage.seen;
    expect(request?.method).toBe('PUT');
    expect(request?.url).toBe('/put%2Fhere?sig=a%2Bb');
    expect(request?.headers).toMatchObject({
      authorization: 'Storage key',
      'x-amz': 'y',
      'content-type': 'application/octet-stream',
      'content-length': String(object.size),
    });
    expect(request?.headers['antipode-action']).toBeUndefined();
    expect(here.known).toEqual([`proved ${REPOSITORY} ${object.oid}`, `kept ${object.oid}`]);
    const read = await here.objects.open(object, sourceAt('http://127.0.0.1:1'));
    expect((await buffer(read)).equals(bytes)).toBe(true);
  });

  it('may come in chunks, and be empty', async () => {
    const { bytes, object } = make();
    storage.answer(take(201));
    const headers = sealed('upload', object, action());
    const request = begin(door, ticketFor(object, { action: 'upload' }), { method: 'PUT', headers });
    request.write(bytes.subarray(0, 9));
    request.end(bytes.subarray(9));
    expect((await answerTo(request)).status).toBe(201);
    const empty = make(0);
    expect((await put(empty.object, empty.bytes)).status).toBe(201);
    expect(taken.map(({ length }) => length)).toEqual([object.size, 0]);
    expect(here.known).toContain(`proved ${REPOSITORY} ${empty.object.oid}`);
  });

  it('is asked for when its client waits to be asked, and not before its ticket is good', async () => {
    const { bytes, object } = make();
    storage.answer(take());
    const path = ticketFor(object, { action: 'upload' });
    const headers = { ...headersFor(object), expect: '100-continue' };
    const request = begin(door, path, { method: 'PUT', headers });
    request.once('continue', () => request.end(bytes));
    request.flushHeaders();
    expect((await answerTo(request)).status).toBe(200);
    const refused = begin(door, path.replace('size=', 'size=1'), { method: 'PUT', headers });
    let asked = false;
    refused.once('continue', () => (asked = true));
    refused.flushHeaders();
    expect((await answerTo(refused)).status).toBe(404);
    expect(asked).toBe(false);
    refused.destroy();
  });

  it.each([
    ['other bytes', (bytes: Buffer): Buffer => Buffer.from(bytes).fill(0, 5, 10)],
    ['too few bytes', (bytes: Buffer): Buffer => bytes.subarray(1)],
    ['too many bytes', (bytes: Buffer): Buffer => Buffer.concat([bytes, bytes])],
  ])('of %s is refused, and the primary never has it whole', async (_, change) => {
    const { bytes, object } = make();
    storage.answer(take());
    const headers = sealed('upload', object, action());
    const request = begin(door, ticketFor(object, { action: 'upload' }), { method: 'PUT', headers });
    request.end(change(bytes));
    expect((await answerTo(request)).status).toBe(422);
    expect(taken).toEqual([]);
    expect(here.known).toEqual([]);
    expect(await readdir(here.store.incomingFolder)).toEqual([]);
  });

  it('of another length than its ticket does not begin', async () => {
    const { object } = make();
    const headers = { ...sealed('upload', object, action()), 'content-length': 5 };
    storage.answer(take());
    const answer = await ask(door, ticketFor(object, { action: 'upload' }), {
      method: 'PUT',
      headers,
      body: 'hello',
    });
    expect(answer.status).toBe(422);
    expect(storage.seen).toEqual([]);
  });

  it('needs the action that was sealed for it', async () => {
    const { bytes, object } = make(10);
    const path = ticketFor(object, { action: 'upload' });
    const wrong = [
      {},
      { 'Antipode-Action': 'x' },
      sealed('verify', object, action()),
      sealed('upload', make(10).object, action()),
    ];
    storage.answer(take());
    for (const headers of wrong)
      expect((await ask(door, path, { method: 'PUT', headers, body: bytes })).status).toBe(403);
    expect(storage.seen).toEqual([]);
  });

  it.each([
    [403, 403],
    [404, 404],
    [413, 413],
    [429, 429],
    [500, 500],
    [507, 507],
    // A client that is told 401 asks a person for a password.
    [401, 403],
    [307, 502],
  ])('hears the primary’s %i as %i, in the words of LFS', async (theirs, ours) => {
    const { bytes, object } = make();
    storage.answer((_, response) => {
      const headers = { 'content-type': LFS_MEDIA_TYPE, location: 'http://127.0.0.1:1/' };
      response.writeHead(theirs, headers).end(JSON.stringify({ message: 'Because.' }));
    });
    const answer = await put(object, bytes);
    expect(answer.status).toBe(ours);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ message: 'The primary says: Because.' });
    expect(answer.headers['retry-after']).toBe(theirs === 429 ? '10' : undefined);
    expect(here.known).toEqual([]);
    expect(await readdir(here.store.incomingFolder)).toEqual([]);
  });

  it('proves nothing where the primary says yes before it has read it', async () => {
    const { object } = make(3_000_000);
    storage.answer(status(200));
    const request = begin(door, ticketFor(object, { action: 'upload' }), {
      method: 'PUT',
      headers: headersFor(object),
    });
    request.write(Buffer.alloc(100_000));
    expect((await answerTo(request)).status).toBe(200);
    request.destroy();
    expect(here.known).toEqual([]);
  });

  it('whose client is gone is given up at the primary', async () => {
    const { bytes, object } = make(3_000_000);
    const closed = Promise.withResolvers<void>();
    storage.answer((request) => void request.once('close', closed.resolve).resume());
    const request = begin(door, ticketFor(object, { action: 'upload' }), {
      method: 'PUT',
      headers: headersFor(object),
    });
    request.write(bytes.subarray(0, 2_000_000));
    await eventually(() => storage.seen.length > 0);
    request.destroy();
    await closed.promise;
    expect(here.known).toEqual([]);
    await eventually(async () => (await readdir(here.store.incomingFolder)).length === 0);
  });

  it('takes its time without holding up what arrives', async () => {
    await using narrow = await openBytes({ connections: 1 });
    const [uploaded, arriving] = [make(3_000_000), make(10)];
    storage.answer(
      (request) => void request.resume(),
      (_, response) => void response.end(arriving.bytes),
    );
    const never = Promise.withResolvers<void>();
    const upload = { repositoryId: REPOSITORY, object: uploaded.object, action: action() };
    async function* body(): AsyncGenerator<Buffer> {
      yield uploaded.bytes.subarray(0, 2_000_000);
      await never.promise;
    }
    const stop = new AbortController();
    const relayed = narrow.uploads.relay({ ...upload, body: body() }, stop.signal);
    await eventually(() => storage.seen.length > 0);
    await narrow.objects.bring(arriving.object, sourceAt(storage.url), AbortSignal.timeout(2000));
    stop.abort();
    await expect(relayed).rejects.toMatchObject({ code: 'cancelled' });
    never.resolve();
  });

  it('says that the primary is away', async () => {
    const { bytes, object } = make(10);
    const headers = sealed('upload', object, { href: 'http://127.0.0.1:1/' });
    const path = ticketFor(object, { action: 'upload' });
    const answer = await ask(door, path, { method: 'PUT', headers, body: bytes });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
  });

  it('goes through although there is no room, and is proved all the same', async () => {
    const { bytes, object } = make();
    storage.answer(take());
    here.limit(1000);
    expect((await put(object, bytes)).status).toBe(200);
    expect(taken[0]?.equals(bytes)).toBe(true);
    expect(here.known).toEqual([`proved ${REPOSITORY} ${object.oid}`]);
    expect(here.room).toEqual(['full']);
    expect(await here.objects.isHere(object.oid)).toBe(false);
  });

  describe('where the store is slow', () => {
    let slow: OpenBytes;
    let upload: Parameters<OpenBytes['uploads']['relay']>[0];
    beforeEach(async () => {
      const { bytes, object } = make();
      storage.answer(take());
      slow = await openBytes({ patienceMs: { look: 10, keep: 10 } });
      upload = { repositoryId: REPOSITORY, object, action: action(), body: Readable.from([bytes]) };
    });
    afterEach(async () => slow[Symbol.asyncDispose]());
    const relay = (): Promise<{ status: number }> => slow.uploads.relay(upload, new AbortController().signal);

    it('is answered before it is kept, proved at once, and waited for in the end', async () => {
      const { adopt } = slow.store;
      const free = Promise.withResolvers<void>();
      jest.spyOn(slow.store, 'adopt').mockImplementation(async (...asked) => {
        await free.promise;
        await adopt.apply(slow.store, asked);
      });
      expect((await relay()).status).toBe(200);
      const { oid } = upload.object;
      expect(slow.known).toEqual([`proved ${REPOSITORY} ${oid}`]);
      const closed = slow.uploads.close(new AbortController().signal);
      free.resolve();
      await closed;
      expect(slow.known).toEqual([`proved ${REPOSITORY} ${oid}`, `kept ${oid}`]);
      expect(await readdir(slow.store.incomingFolder)).toEqual([]);
    });

    it('is given up at the end of all patience, and leaves nothing', async () => {
      jest
        .spyOn(slow.store, 'adopt')
        .mockImplementation(
          (_blob, _file, signal) =>
            new Promise((_, reject) =>
              signal?.addEventListener('abort', () => reject(new Error('given up'))),
            ),
        );
      expect((await relay()).status).toBe(200);
      await slow.uploads.close(AbortSignal.timeout(10));
      expect(await readdir(slow.store.incomingFolder)).toEqual([]);
    });

    it('is kept although its proof cannot be written down', async () => {
      jest.spyOn(slow.known, 'push').mockImplementationOnce(() => {
        throw new Error('no database');
      });
      expect((await relay()).status).toBe(200);
      await slow.uploads.close(new AbortController().signal);
      expect([...slow.known]).toEqual([`kept ${upload.object.oid}`]);
    });

    it('does not wait for it to say whether it has the object already', async () => {
      const looking = jest
        .spyOn(slow.store, 'sizeOf')
        .mockReturnValueOnce(Promise.withResolvers<never>().promise);
      expect((await relay()).status).toBe(200);
      expect(looking).toHaveBeenCalled();
      expect(taken).toHaveLength(1);
      await slow.uploads.close(new AbortController().signal);
      expect(slow.known).toContain(`kept ${upload.object.oid}`);
    });
  });

  describe('is verified', () => {
    const verify = (object: LfsObject, body: string, headers = sealed('verify', object, action())) =>
      ask(door, ticketFor(object, { action: 'verify' }), { method: 'POST', headers, body });

    it('by the primary, which is told the object and nothing else', async () => {
      const { object } = make(10);
      const told: string[] = [];
      storage.answer((request, response) => {
        void text(request).then((body) => told.push(body));
        response.end('{}');
      });
      expect((await verify(object, JSON.stringify({ ...object, more: 1 }))).status).toBe(200);
      expect(JSON.parse(told[0] ?? '')).toEqual(object);
      expect(storage.seen[0]?.headers).toMatchObject({
        authorization: 'Storage key',
        'content-type': LFS_MEDIA_TYPE,
      });
    });

    it('with the primary’s own no', async () => {
      const { object } = make(10);
      storage.answer(status(404));
      expect(await verify(object, JSON.stringify(object))).toMatchObject({ status: 404 });
    });

    it('for the object of its link, in few bytes', async () => {
      const { object } = make(10);
      storage.answer(status(200));
      expect((await verify(object, JSON.stringify({ ...object, size: 11 }))).status).toBe(422);
      expect((await verify(object, 'nonsense')).status).toBe(422);
      expect((await verify(object, ' '.repeat(70_000))).status).toBe(413);
      const wrong = sealed('upload', object, action());
      expect((await verify(object, JSON.stringify(object), wrong)).status).toBe(403);
      expect(storage.seen).toEqual([]);
    });
  });
});
