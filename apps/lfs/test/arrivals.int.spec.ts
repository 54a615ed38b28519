import { readdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { eventually } from '@antipode/testing';
import { openBytes, type OpenBytes } from './open-bytes.js';
import {
  cutAfter,
  honest,
  make,
  sourceAt,
  stalled,
  startStorage,
  status,
  type Answer,
  type Storage,
} from './start-storage.js';

const never = new AbortController().signal;

describe('an object on its way in', () => {
  let storage: Storage;
  let here: OpenBytes;
  beforeAll(async () => {
    storage = await startStorage();
  });
  afterAll(async () => storage[Symbol.asyncDispose]());
  beforeEach(async () => {
    here = await openBytes({ idleMs: 1000 });
  });
  afterEach(async () => here[Symbol.asyncDispose]());

  const incoming = (): Promise<string[]> => readdir(here.store.incomingFolder);
  const expectNothingKept = async (oid: string): Promise<void> => {
    expect(await here.objects.isHere(oid)).toBe(false);
    expect(here.known).toEqual([]);
    await eventually(async () => (await incoming()).length === 0);
  };

  it('comes once for a hundred readers and the background, and is kept', async () => {
    const { bytes, object } = make();
    const line = stalled(bytes, 100_000);
    storage.answer(line.answer);
    const source = sourceAt(storage.url);
    const bringing = here.objects.bring(object, source, never);
    const readers = Array.from({ length: 100 }, async () => buffer(await here.objects.open(object, source)));
    await eventually(() => storage.seen.length > 0);
    line.goOn();
    for (const read of await Promise.all(readers)) expect(read.equals(bytes)).toBe(true);
    await bringing;
    expect(storage.seen).toHaveLength(1);
    expect(here.known).toEqual([`kept ${object.oid}`]);
    // Not toEqual: it looks at every byte by itself.
    expect((await buffer(await here.objects.open(object, source))).equals(bytes)).toBe(true);
    expect(storage.seen).toHaveLength(1);
  });

  it('is asked for by the link as it was written, with its headers and none of ours', async () => {
    const { bytes, object } = make(10);
    storage.answer(honest(bytes));
    const source = sourceAt(storage.url, {
      'X-Key': 'k',
      Host: 'evil.example',
      Authorization: 'Storage abc',
    });
    await here.objects.bring(object, source, never);
    const [request] = storage.seen;
    expect(request?.url).toBe('/a%7Eb?sig=x%2Fy&link=1');
    expect(request?.headers).toMatchObject({ 'x-key': 'k', authorization: 'Storage abc' });
    expect(request?.headers.host).not.toBe('evil.example');
  });

  it('is read while it comes, from any place, and its last bytes only when all are right', async () => {
    const { bytes, object } = make();
    const line = stalled(bytes, 299_999);
    storage.answer(line.answer);
    const source = sourceAt(storage.url);
    const whole = await here.objects.open(object, source);
    const part = await here.objects.open(object, source, { first: 100, last: 199_999 });
    let read = 0;
    whole.on('data', (chunk: Buffer) => (read += chunk.length));
    await eventually(() => read > 200_000);
    expect(read).toBeLessThanOrEqual(300_000 - 64 * 1024);
    line.goOn();
    expect((await buffer(part)).equals(bytes.subarray(100, 200_000))).toBe(true);
    await eventually(() => read === 300_000);
  });

  it('goes on by Range where the line went dead', async () => {
    const { bytes, object } = make();
    storage.answer(cutAfter(bytes, 120_000), cutAfter(bytes, 80_000), honest(bytes));
    const read = await buffer(await here.objects.open(object, sourceAt(storage.url)));
    expect(read.equals(bytes)).toBe(true);
    expect(storage.seen.map(({ headers }) => headers.range)).toEqual([
      undefined,
      expect.stringMatching(/^bytes=\d+-299999$/),
      expect.stringMatching(/^bytes=\d+-299999$/),
    ]);
  });

  it('goes on although the storage knows no ranges', async () => {
    const { bytes, object } = make();
    const all: Answer = (_, response) => void response.end(bytes);
    storage.answer(cutAfter(bytes, 120_000), all);
    await here.objects.bring(object, sourceAt(storage.url), never);
    expect(await here.objects.isHere(object.oid)).toBe(true);
  });

  it('goes on where the storage fell silent', async () => {
    const { bytes, object } = make();
    storage.answer(stalled(bytes, 100_000).answer, honest(bytes));
    await here.objects.bring(object, sourceAt(storage.url), never);
    expect(storage.seen[1]?.headers.range).toBe('bytes=100000-299999');
  });

  it.each([400, 401, 403, 404, 410])('asks for a fresh link when one is refused with %i', async (code) => {
    const { bytes, object } = make(1000);
    storage.answer(status(code), honest(bytes));
    const source = sourceAt(storage.url);
    await here.objects.bring(object, source, never);
    expect(source.asked).toEqual([false, true]);
  });

  it.each([
    [404, 'not_found', 2],
    [403, 'primary_misbehaved', 2],
    [500, 'primary_unavailable', 5],
    [302, 'primary_misbehaved', 1],
    [429, 'primary_limited', 1],
  ])('gives up a storage that always answers %i: %s', async (code, error, requests) => {
    const { object } = make(1000);
    storage.answer(status(code, { 'retry-after': code === 429 ? '3600' : '0' }));
    const source = sourceAt(storage.url);
    await expect(here.objects.open(object, source)).rejects.toMatchObject({ code: error });
    expect(storage.seen).toHaveLength(requests);
    await expectNothingKept(object.oid);
  });

  it('follows three redirects, without the headers to another host, and never a fourth', async () => {
    await using elsewhere = await startStorage();
    const { bytes, object } = make(1000);
    storage.answer(status(302, { location: '/here' }), status(307, { location: `${elsewhere.url}/there` }));
    elsewhere.answer(honest(bytes));
    await here.objects.bring(object, sourceAt(storage.url, { 'X-Key': 'k' }), never);
    expect(storage.seen.map(({ headers }) => headers['x-key'])).toEqual(['k', 'k']);
    expect(elsewhere.seen.map(({ headers }) => headers['x-key'])).toEqual([undefined]);

    storage.answer(status(302, { location: '/again' }));
    await expect(here.objects.bring(make(5).object, sourceAt(storage.url), never)).rejects.toMatchObject({
      code: 'primary_misbehaved',
    });
    expect(storage.seen).toHaveLength(4);
  });

  it.each(['file:///etc/passwd', 'ftp://host/x', '//host/x', 'https://user:secret@host/x', 'nonsense'])(
    'asks nobody at %s',
    async (href) => {
      const source = { link: () => Promise.resolve({ href }) };
      await expect(here.objects.bring(make(5).object, source, never)).rejects.toMatchObject({
        code: 'primary_misbehaved',
      });
    },
  );

  const lies: [string, (bytes: Buffer) => Answer][] = [
    ['other bytes', (bytes) => honest(Buffer.from(bytes).fill(0, 10, 20))],
    ['another length', (bytes) => honest(bytes.subarray(1))],
    ['too many bytes', (bytes) => (_, response) => void response.end(Buffer.concat([bytes, bytes]))],
    [
      'another range',
      (bytes) => (request, response) =>
        request.headers.range
          ? void response.writeHead(206, { 'content-range': `bytes 0-9/${bytes.length}` }).end('0123456789')
          : cutAfter(bytes, 100_000)(request, response),
    ],
    [
      'packed bytes',
      (bytes) => (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes),
    ],
  ];
  it.each(lies)('with %s breaks its readers off, and is not kept', async (_, lie) => {
    const { bytes, object } = make();
    storage.answer(lie(bytes));
    const source = sourceAt(storage.url);
    const [reading, bringing] = await Promise.allSettled([
      here.objects.open(object, source).then(buffer),
      here.objects.bring(object, source, never),
    ]);
    for (const { status, reason } of [reading, bringing] as PromiseRejectedResult[])
      expect([status, (reason as AntipodeError).code]).toEqual(['rejected', 'primary_misbehaved']);
    await expectNothingKept(object.oid);
    storage.answer(honest(bytes));
    await here.objects.bring(object, source, never);
    expect(await here.objects.isHere(object.oid)).toBe(true);
  });

  it('of a few bytes is refused before anything is sent where they are wrong', async () => {
    const { bytes, object } = make(1000);
    storage.answer(honest(Buffer.from(bytes).fill(0, 10, 20)));
    await expect(here.objects.open(object, sourceAt(storage.url))).rejects.toMatchObject({
      code: 'primary_misbehaved',
    });
  });

  it('does not wait for its slowest reader', async () => {
    const { bytes, object } = make(3_000_000);
    storage.answer(honest(bytes));
    const source = sourceAt(storage.url);
    const slow = await here.objects.open(object, source);
    expect((await buffer(await here.objects.open(object, source))).equals(bytes)).toBe(true);
    // The file has been moved, and the slow one still has it.
    await eventually(() => here.known.length > 0);
    expect((await buffer(slow)).equals(bytes)).toBe(true);
  });

  it('stops when nobody waits any more', async () => {
    // With more patience for silence than a test has.
    await using patient = await openBytes({ idleMs: 600_000 });
    const { bytes, object } = make();
    const line = stalled(bytes, 100_000);
    storage.answer(line.answer);
    (await patient.objects.open(object, sourceAt(storage.url))).destroy();
    await line.closed;
    expect(await patient.objects.isHere(object.oid)).toBe(false);
    await eventually(async () => (await readdir(patient.store.incomingFolder)).length === 0);
  });

  it('goes on without the reader who left while others wait', async () => {
    const { bytes, object } = make();
    const line = stalled(bytes, 100_000);
    storage.answer(line.answer);
    const source = sourceAt(storage.url);
    const bringing = here.objects.bring(object, source, never);
    (await here.objects.open(object, source)).destroy();
    line.goOn();
    await bringing;
    expect(storage.seen).toHaveLength(1);
  });

  it('is there for who comes back soon after the connection broke', async () => {
    await using patient = await openBytes({ lingerMs: 5000 });
    const { bytes, object } = make();
    const line = stalled(bytes, 100_000);
    storage.answer(line.answer);
    const source = sourceAt(storage.url);
    (await patient.objects.open(object, source)).destroy();
    const again = await patient.objects.open(object, source, { first: 30_000, last: 299_999 });
    line.goOn();
    expect((await buffer(again)).equals(bytes.subarray(30_000))).toBe(true);
    expect(storage.seen).toHaveLength(1);
  });

  it('does not make people wait behind the background', async () => {
    const source = sourceAt(storage.url);
    const stuck: ReturnType<typeof stalled>[] = [];
    const background: Promise<void>[] = [];
    for (const { bytes, object } of [make(), make()]) {
      const line = stalled(bytes, 1000);
      storage.answer(line.answer);
      stuck.push(line);
      background.push(here.objects.bring(object, source, never));
      await eventually(() => storage.seen.length === 1);
    }
    const { bytes, object } = make();
    storage.answer(honest(bytes));
    // In the line of the background first, and then somebody wants to have it now.
    background.push(here.arrivals.bring(object, source, never));
    const read = await buffer(await here.objects.open(object, source));
    expect(read.equals(bytes)).toBe(true);
    for (const { goOn } of stuck) goOn();
    await Promise.all(background);
    expect(storage.seen).toHaveLength(1);
  });

  it('tries the link of the next where that of the first leads nowhere', async () => {
    const { bytes, object } = make(1000);
    storage.answer(honest(bytes));
    const lost = Promise.withResolvers<never>();
    const asked = { object, range: { first: 0, last: 999 }, signal: undefined };
    const first = here.arrivals.open({ ...asked, source: { link: () => lost.promise } });
    const second = here.arrivals.open({ ...asked, source: sourceAt(storage.url) });
    lost.reject(new AntipodeError('not_found', 'asking for a link'));
    await expect(first).rejects.toMatchObject({ code: 'not_found' });
    expect(await buffer(await second)).toEqual(bytes);
  });

  it('of no bytes needs nobody to bring them', async () => {
    const { object } = make(0);
    expect(await buffer(await here.objects.open(object, sourceAt(storage.url)))).toEqual(Buffer.alloc(0));
    await eventually(() => here.objects.isHere(object.oid));
    expect(await buffer(await here.objects.open(object, sourceAt(storage.url)))).toEqual(Buffer.alloc(0));
    const wrong = { oid: 'f'.repeat(64), size: 0 };
    await expect(here.objects.open(wrong, sourceAt(storage.url))).rejects.toMatchObject({
      code: 'primary_misbehaved',
    });
  });

  it('is let go of where the disk cannot read it any more, and not over any other trouble', async () => {
    const { bytes, object } = make(1000);
    storage.answer(honest(bytes));
    await here.objects.bring(object, sourceAt(storage.url), never);
    const read = jest.spyOn(here.store, 'read');
    const fails = (name: 'EMFILE' | 'EIO'): unknown =>
      read.mockImplementation(() => {
        const failure = Object.assign(new Error(name), { code: name, errno: -constants.errno[name] });
        const stream = new Readable({ read: (): unknown => stream.destroy(failure) });
        return Promise.resolve(stream);
      });
    fails('EMFILE');
    await expect(here.objects.check(object, 1e9, never)).rejects.toMatchObject({ code: 'EMFILE' });
    expect(await here.objects.isHere(object.oid)).toBe(true);
    fails('EIO');
    expect(await here.objects.check(object, 1e9, never)).toBe(false);
    expect(await here.objects.isHere(object.oid)).toBe(false);
    expect(here.known).toEqual([`kept ${object.oid}`, `lost ${object.oid}`]);
  });

  it('stops waiting when its caller does', async () => {
    const { bytes, object } = make();
    storage.answer(stalled(bytes, 0).answer);
    const stop = new AbortController();
    const bringing = here.objects.bring(object, sourceAt(storage.url), stop.signal);
    stop.abort();
    await expect(bringing).rejects.toMatchObject({ code: 'cancelled' });
  });
});
