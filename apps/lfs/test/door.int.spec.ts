import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LFS_MEDIA_TYPE } from '@antipode/lfs-wire';
import { answerTo, ask, begin, givenDoor, REPOSITORY, ticketFor, type GivenDoor } from './given-door.js';
import { openBytes, type OpenBytes } from './open-bytes.js';
import { honest, make, sourceAt, stalled, startStorage, status, type Storage } from './start-storage.js';

const never = new AbortController().signal;

describe('the door for objects', () => {
  let storage: Storage;
  let here: OpenBytes;
  let door: GivenDoor;
  const kept = make(1000);
  beforeAll(async () => {
    storage = await startStorage();
    here = await openBytes({ idleMs: 600_000 });
    const source = sourceAt(storage.url);
    door = await givenDoor(here, source);
    storage.answer(honest(kept.bytes));
    await here.objects.bring(kept.object, source, never);
  });
  afterAll(async () => {
    await door[Symbol.asyncDispose]();
    await here[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
  });

  const messageOf = (body: Buffer): unknown => (JSON.parse(body.toString()) as { message: unknown }).message;

  it('hands out what is kept, as bytes that nobody guesses at', async () => {
    const { status, headers, body } = await ask(door, ticketFor(kept.object));
    expect(status).toBe(200);
    expect(body).toEqual(kept.bytes);
    expect(headers).toMatchObject({
      'content-length': '1000',
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-disposition': 'attachment',
    });
  });

  it.each([
    ['bytes=990-', 206, 'bytes 990-999/1000', [990, 1000]],
    ['bytes=0-9', 206, 'bytes 0-9/1000', [0, 10]],
    ['bytes=-5', 206, 'bytes 995-999/1000', [995, 1000]],
    ['bytes=0-1,5-6', 200, undefined, [0, 1000]],
    ['bytes=1000-', 416, 'bytes */1000', [0, 0]],
  ])('answers %s with %i', async (range, status, contentRange, [first, end]) => {
    const answer = await ask(door, ticketFor(kept.object), { headers: { range } });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.body).toEqual(kept.bytes.subarray(first, end));
  });

  it('makes no part of an answer depend on what it never gave', async () => {
    const headers = { range: 'bytes=5-', 'if-range': '"x"' };
    expect((await ask(door, ticketFor(kept.object), { headers })).status).toBe(200);
  });

  it('says by HEAD what GET would give', async () => {
    const answer = await ask(door, ticketFor(kept.object), {
      method: 'HEAD',
      headers: { range: 'bytes=5-' },
    });
    expect(answer).toMatchObject({ status: 206, headers: { 'content-length': '995' } });
    expect(answer.body).toHaveLength(0);
  });

  it('streams what is absent while it comes', async () => {
    const { bytes, object } = make();
    const line = stalled(bytes, 250_000);
    storage.answer(line.answer);
    const asking = ask(door, ticketFor(object));
    const ranged = ask(door, ticketFor(object), { headers: { range: 'bytes=299990-' } });
    line.goOn();
    expect((await asking).body.equals(bytes)).toBe(true);
    expect((await ranged).body).toEqual(bytes.subarray(299_990));
    expect(storage.seen).toHaveLength(1);
  });

  it('breaks the connection where the bytes turn out wrong, and says so where it still can', async () => {
    const large = make();
    storage.answer(honest(Buffer.from(large.bytes).fill(0, 0, 9)));
    await expect(ask(door, ticketFor(large.object))).rejects.toMatchObject({ code: 'ECONNRESET' });
    const small = make(1000);
    storage.answer(honest(Buffer.from(small.bytes).fill(0, 0, 9)));
    const answer = await ask(door, ticketFor(small.object));
    expect(answer.status).toBe(502);
    expect(messageOf(answer.body)).toBe("The primary's storage holds damaged bytes for this object.");
  });

  it('lets go of the primary when the client does', async () => {
    const { bytes, object } = make();
    const line = stalled(bytes, 200_000);
    storage.answer(line.answer);
    const request = begin(door, ticketFor(object), {});
    request.end();
    request.once('response', () => request.destroy());
    await line.closed;
  });

  it('explains in the words of LFS, and never with 401', async () => {
    const { object } = make();
    storage.answer(status(401));
    const answer = await ask(door, ticketFor(object));
    expect(answer.status).toBe(502);
    expect(answer.headers['content-type']).toBe(LFS_MEDIA_TYPE);
    expect(JSON.parse(answer.body.toString())).toEqual({
      message: expect.stringContaining('primary'),
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('tells when to come back where the primary has had enough', async () => {
    storage.answer(status(429, { 'retry-after': '1000' }));
    const answer = await ask(door, ticketFor(make().object));
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '1000' } });
  });

  it('opens to a ticket alone', async () => {
    const good = ticketFor(kept.object);
    const other = make(1000).object;
    const strange = [
      '/',
      '/-/lfs/',
      good.replace(/ticket=.*/, `ticket=${'A'.repeat(43)}`),
      good.replace(kept.object.oid, other.oid),
      good.replace(REPOSITORY, '99999999-2222-3333-4444-555555555555'),
      good.replace('size=1000', 'size=1001'),
      good.replace('download', 'upload'),
      `${good}&x=1`,
    ];
    for (const path of strange) expect([path, (await ask(door, path)).status]).toEqual([path, 404]);
    const expired = await ask(door, ticketFor(kept.object, { expiresAt: 1000 }));
    expect(expired.status).toBe(403);
    expect(messageOf(expired.body)).toContain('expired');
  });

  it('takes the methods of the link, and no other', async () => {
    const answer = await ask(door, ticketFor(kept.object), { method: 'DELETE' });
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    const upload = ticketFor(kept.object, { action: 'upload' });
    expect((await ask(door, upload)).status).toBe(405);
  });

  it('has an answer for a client that sends on although it is refused', async () => {
    const request = begin(door, '/-/lfs/nonsense', {
      method: 'PUT',
      headers: { 'content-length': 5_000_000 },
    });
    request.write(Buffer.alloc(1_000_000));
    expect((await answerTo(request)).status).toBe(404);
    request.destroy();
  });
});
