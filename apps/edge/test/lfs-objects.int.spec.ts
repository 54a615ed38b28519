import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm, truncate } from 'node:fs/promises';
import { request as send, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { blobPath } from '@antipode/blob-store';
import { LFS_MEDIA_TYPE, openTicketKey, writeTicket, type Ticket } from '@antipode/lfs-wire';
import { eventually } from '@antipode/testing';
import { TABLE, type OpenTable } from '../src/edge.module.js';
import { ask } from './ask.js';
import { GivenEdge, SECRET_KEY } from './given-edge.js';
import { GivenServer, keep, objectOf, type LfsObject } from './given-lfs.js';

const MEBI = 1024 * 1024;
let edge: GivenEdge;
let service: GivenServer;
let id: string;
let text: LfsObject;
const key = openTicketKey(SECRET_KEY);

beforeAll(async () => {
  service = await GivenServer.open('heads');
  edge = await GivenEdge.open({
    settings: { LFS_HTTP: service.url, STREAM_IDLE_SECONDS: '2', PUSH_IDLE_SECONDS: '2' },
  });
  id = await edge.add('acme/widget');
  text = await keep(edge, '0123456789');
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});
beforeEach(() => {
  service.heard.length = 0;
  service.handler = (_, response) => void response.writeHead(418).end();
});

const ticket = (object: LfsObject, more: Partial<Ticket> = {}): string =>
  writeTicket(
    {
      ...object,
      action: 'download',
      repositoryId: id,
      expiresAt: Math.floor(Date.now() / 1000) + 900,
      ...more,
    },
    key,
  );
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  ask(edge.url, path, { method, headers });
const fileOf = (oid: string): string => blobPath(join(edge.folder, 'data', 'lfs'), oid);

describe('an object on this node’s disk', () => {
  it('is sent to whoever has a ticket, without any credential, as nothing but bytes', async () => {
    const answer = await get(ticket(text));
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe('0123456789');
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '10',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-disposition': `attachment; filename="${text.oid}"`,
      'cache-control': expect.stringMatching(/^private, max-age=(900|89\d)$/),
    });
    expect(service.heard).toEqual([]);
    await eventually(() => edge.logs.at(-1)?.['source'] === 'disk');
    expect(edge.logs.at(-1)).toMatchObject({ route: 'lfs_object', repository_id: id, status: 200 });
  });

  it.each<[string, number, string, string | undefined]>([
    ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['bytes=4-5', 206, '45', 'bytes 4-5/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=0-1,4-5', 200, '0123456789', undefined],
  ])('is resumed: %s is a %i', async (range, status, body, contentRange) => {
    const answer = await get(ticket(text), { range, 'if-range': '"something"' });
    expect([answer.status, answer.body.toString(), answer.headers['content-range']]).toEqual([
      status,
      body,
      contentRange,
    ]);
    expect(answer.headers['content-length']).toBe(String(body.length));
  });

  it('is told of by HEAD', async () => {
    const answer = await get(ticket(text), { range: 'bytes=1-2' }, 'HEAD');
    expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '10' } });
    expect(answer.body).toHaveLength(0);
  });

  it('may be empty', async () => {
    const empty = await keep(edge, '');
    expect(await get(ticket(empty))).toMatchObject({ status: 200, headers: { 'content-length': '0' } });
  });

  it('is whole, however large, though it is removed while it is being sent', async () => {
    const bytes = randomBytes(20 * MEBI + 7);
    const object = await keep(edge, bytes);
    const { hostname, port } = new URL(edge.url);
    const call = send({ hostname, port, path: ticket(object), agent: false }).end();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    await rm(fileOf(object.oid));
    expect(
      createHash('sha256')
        .update(await buffer(answer))
        .digest('hex'),
    ).toBe(object.oid);
  });

  it('comes to several clients at once, each with its own bytes', async () => {
    const objects = await Promise.all([1, 2, 3, 4].map(() => keep(edge, randomBytes(3 * MEBI))));
    const twice = [...objects, ...objects];
    const answers = await Promise.all(twice.map((object) => get(ticket(object))));
    expect(answers.map(({ body }) => objectOf(body).oid)).toEqual(twice.map(({ oid }) => oid));
  });

  it('that is cut short while it is being sent ends as a broken connection', async () => {
    const object = await keep(edge, Buffer.alloc(30 * MEBI));
    const { hostname, port } = new URL(edge.url);
    const call = send({ hostname, port, path: ticket(object), agent: false }).end();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    await truncate(fileOf(object.oid), MEBI);
    await expect(buffer(answer)).rejects.toThrow();
    await eventually(() => edge.logs.at(-1)?.['broken_off'] === true);
  });

  it('of another size than the ticket’s is left to the service', async () => {
    const object = await keep(edge, 'whole');
    await truncate(fileOf(object.oid), 3);
    expect((await get(ticket(object))).status).toBe(418);
  });

  it('is not kept waiting by a client that reads nothing', async () => {
    const object = await keep(edge, Buffer.alloc(30 * MEBI));
    const { hostname, port } = new URL(edge.url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    socket.write(`GET ${ticket(object)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    socket.pause();
    await eventually(() => edge.logs.at(-1)?.['broken_off'] === true, { timeoutMs: 15_000 });
    socket.destroy();
  });
});

describe('a thief', () => {
  const codeOf = async (path: string, method = 'GET') => {
    const answer = await get(path, {}, method);
    expect(answer.headers['content-type']).toBe(LFS_MEDIA_TYPE);
    expect(answer.body.toString()).not.toContain('0123456789');
    return answer.status;
  };

  it('gets nothing for a ticket that was forged, re-targeted or has expired', async () => {
    const good = ticket(text);
    const other = await keep(edge, 'of somebody else');
    const foreign = writeTicket(
      { ...text, action: 'download', repositoryId: id, expiresAt: 9_999_999_999 },
      openTicketKey('ab'.repeat(32)),
    );
    expect(await codeOf(foreign)).toBe(404);
    expect(await codeOf(good.replace(text.oid, other.oid))).toBe(404);
    expect(await codeOf(good.replace(/expires=\d+/, 'expires=9999999999'))).toBe(404);
    expect(await codeOf(good.replace(id, '00000000-0000-4000-8000-000000000000'))).toBe(404);
    expect(await codeOf(`${good}&x=1`)).toBe(404);
    expect(await codeOf(good.split('?')[0] ?? '')).toBe(404);
    expect(await codeOf('/-/lfs/../../etc/passwd')).toBe(404);
    expect(await codeOf(ticket(text, { expiresAt: Math.floor(Date.now() / 1000) - 1 }))).toBe(403);
    expect(service.heard).toEqual([]);
  });

  it('cannot write with a ticket for reading, nor read with one for writing', async () => {
    expect(await codeOf(ticket(text), 'PUT')).toBe(405);
    expect(await codeOf(ticket(text, { action: 'upload' }))).toBe(405);
    expect(await codeOf(ticket(text, { action: 'verify' }), 'PUT')).toBe(405);
    expect(service.heard).toEqual([]);
  });

  it('gets nothing of a repository that has left the selection', async () => {
    const gone = await edge.add('acme/gone');
    const link = ticket(text, { repositoryId: gone });
    expect((await get(link)).status).toBe(200);
    edge.neighbours.deselect(gone);
    await eventually(() => !edge.app.get<OpenTable>(TABLE).table.get(gone));
    expect(await codeOf(link)).toBe(404);
  });
});

describe('what is not on this disk', () => {
  const absent = objectOf('absent');

  it('is the service’s, which sees the ticket and what belongs to it, and no credential', async () => {
    service.handler = (_, response) => {
      response.writeHead(206, {
        'content-range': 'bytes 2-5/6',
        'content-type': 'application/octet-stream',
        'accept-ranges': 'bytes',
        'set-cookie': 'a=b',
      });
      response.end('sent');
    };
    const link = ticket(absent);
    const answer = await get(link, { range: 'bytes=2-', authorization: 'Basic x', cookie: 'c=d' });
    expect(answer).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 2-5/6' } });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.body.toString()).toBe('sent');
    expect(service.heard).toMatchObject([{ method: 'GET', url: link, headers: { range: 'bytes=2-' } }]);
    expect(service.heard[0]?.headers).not.toHaveProperty('authorization');
    expect(service.heard[0]?.headers).not.toHaveProperty('cookie');
    await eventually(() => edge.logs.at(-1)?.['source'] === 'lfs');
  });

  it('ends as a broken connection where the service does not come to its end', async () => {
    service.handler = (_, response) => {
      response.writeHead(200, { 'content-length': '6' });
      response.write('abs', () => response.destroy());
    };
    await expect(get(ticket(absent))).rejects.toThrow();
  });

  it('is asked for again later where the service is away', async () => {
    service.handler = (request) => void request.socket.destroy();
    const answer = await get(ticket(absent));
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(JSON.parse(answer.body.toString())).toMatchObject({ message: expect.any(String) });
  });
});

describe('an upload', () => {
  const large = objectOf(Buffer.alloc(8 * MEBI, 'x'));
  const link = () => ticket(large, { action: 'upload' });
  const put = (headers: Record<string, string> = {}) =>
    ask(edge.url, link(), { method: 'PUT', headers, body: Buffer.alloc(8 * MEBI, 'x') });

  it('streams to the service with the primary’s action', async () => {
    service.handler = (request, response) => {
      void buffer(request).then((bytes) => response.writeHead(200).end(String(bytes.length)));
    };
    const answer = await put({ 'antipode-action': 'sealed', authorization: 'Basic x' });
    expect([answer.status, answer.body.toString()]).toEqual([200, String(8 * MEBI)]);
    expect(service.heard[0]).toMatchObject({ method: 'PUT', headers: { 'antipode-action': 'sealed' } });
    expect(service.heard[0]?.headers).not.toHaveProperty('authorization');
    await eventually(() => edge.logs.at(-1)?.['bytes_in']);
    expect(edge.logs.at(-1)?.['bytes_in']).toBeGreaterThan(8 * MEBI);
  });

  it('that waits to be asked is asked only where the service wants it', async () => {
    service.handler = (_, response) => void response.writeHead(422).end('{"message":"no"}');
    const { hostname, port } = new URL(edge.url);
    const ask100 = (): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(Number(port), hostname);
        socket.write(
          `PUT ${link()} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${large.size}\r\n\r\n`,
        );
        socket.once('data', (bytes) => {
          resolve(bytes.toString().split('\r\n')[0] ?? '');
          socket.destroy();
        });
      });
    expect(await ask100()).toBe('HTTP/1.1 422 Unprocessable Entity');
    service.asks = true;
    expect(await ask100()).toBe('HTTP/1.1 100 Continue');
    service.asks = false;
  });

  it('that is refused while it is being sent gets the answer all the same', async () => {
    service.handler = (_, response) => void response.writeHead(403).end('{"message":"no"}');
    const answer = await put();
    expect([answer.status, answer.body.toString()]).toEqual([403, '{"message":"no"}']);
  });

  it('meets no connection that another has used, since it cannot be sent twice', async () => {
    service.handler = (request, response) => {
      void buffer(request).then(() => response.writeHead(200).end());
    };
    await put();
    await put();
    expect(new Set(service.heard.map(({ port }) => port)).size).toBe(2);
  });

  it('that stops half-way is no upload over there', async () => {
    const ended = new Promise<string>((resolve) => {
      service.handler = (request) =>
        void buffer(request).then(
          () => resolve('whole'),
          () => resolve('broken off'),
        );
    });
    const { hostname, port } = new URL(edge.url);
    const call = send({ hostname, port, path: link(), method: 'PUT', agent: false }).on(
      'error',
      () => undefined,
    );
    call.setHeader('content-length', large.size);
    call.write('half', () => setImmediate(() => call.destroy()));
    expect(await ended).toBe('broken off');
  });

  it('in which nothing moves is given up', async () => {
    const ended = new Promise<string>((resolve) => {
      service.handler = (request) =>
        void buffer(request).then(
          () => resolve('whole'),
          () => resolve('broken off'),
        );
    });
    const { hostname, port } = new URL(edge.url);
    const call = send({ hostname, port, path: link(), method: 'PUT', agent: false }).on(
      'error',
      () => undefined,
    );
    call.setHeader('content-length', large.size);
    call.write('half');
    expect(await ended).toBe('broken off');
  });
});
