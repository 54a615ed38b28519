import { once } from 'node:events';
import { request as send, type IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { lfs } from '@antipode/contracts';
import { AntipodeError, type Code } from '@antipode/errors';
import { LFS_MEDIA_TYPE } from '@antipode/lfs-wire';
import { git } from '@antipode/testing';
import { openLfsTokenKey, writeLfsToken, type LfsToken } from '../src/lfs/lfs-token.js';
import { basic, GivenEdge, NOT_YOURS, READER, SECRET_KEY, STRANGER, WRITER } from './given-edge.js';
import { askLfs, BATCH, GivenServer, LFS, objectOf, withLfs } from './given-lfs.js';
import { account } from './given-ssh.js';

let edge: GivenEdge;
let primary: GivenServer;
let id: string;
const reader = { authorization: basic(READER) };
const writer = { authorization: basic(WRITER) };
const here = objectOf('here');
const offered = objectOf('offered by the primary');
const nowhere = objectOf('nowhere');

beforeAll(async () => {
  primary = await GivenServer.open();
  edge = await GivenEdge.open({
    settings: { OUTAGE_POLICY: 'serve:600' },
    public: ['open/source'],
    before: (url) => withLfs(primary, url),
  });
  id = await edge.add('acme/widget');
  await git(['config', 'http.receivepack', 'true'], { cwd: edge.mirrors.origin() });
  await edge.add('open/source');
  const fake = edge.neighbours.lfs;
  Object.assign(fake, { secretKey: SECRET_KEY, publicUrl: edge.url });
  fake.present.add(here.oid);
  fake.offered.add(offered.oid);
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  await primary[Symbol.asyncDispose]();
});
afterEach(() => {
  edge.neighbours.lfs.failing = {};
  edge.neighbours.lfs.asked.length = 0;
  primary.heard.length = 0;
});

const download = (objects: unknown[], more: object = {}, headers: Record<string, string> = reader) =>
  askLfs(edge, BATCH, { headers, json: { operation: 'download', objects, ...more } });
const upload = (headers: Record<string, string>, path = BATCH) =>
  askLfs(edge, path, { headers, json: { operation: 'upload', objects: [nowhere] } });
const batchesAtPrimary = () => primary.heard.filter(({ url }) => url.includes('/info/lfs/'));

describe('a batch of downloads', () => {
  it('is answered without the primary where all is here, with and without ".git"', async () => {
    for (const path of [BATCH, '/acme/widget/info/lfs/objects/batch']) {
      const { status, json, headers } = await askLfs(edge, path, {
        headers: reader,
        json: { operation: 'download', objects: [here, here] },
      });
      expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: LFS_MEDIA_TYPE });
      const link = expect.stringContaining(`${edge.url}/-/lfs/download/${id}/${here.oid}?size=4&expires=`);
      const answer = {
        ...here,
        authenticated: true,
        actions: { download: { href: link, header: {}, expires_in: 900 } },
      };
      expect(json).toEqual({ transfer: 'basic', objects: [answer, answer], hash_algo: 'sha256' });
    }
    expect(edge.neighbours.lfs.asked.map((request) => request.primary)).toEqual([undefined, undefined]);
    expect(batchesAtPrimary()).toEqual([]);
    expect(edge.logs.at(-1)).toMatchObject({
      route: 'lfs_batch',
      source: 'lfs',
      lfs: { operation: 'download', objects: 2 },
      repository_id: id,
    });
  });

  it('asks the primary for the rest alone, with the caller’s credential, and keeps the order', async () => {
    const { json } = await download([offered, here, nowhere], { ref: { name: 'refs/heads/main' } });
    expect(json['objects']).toEqual([
      expect.objectContaining({ ...offered, actions: expect.anything() }),
      expect.objectContaining({ ...here, actions: expect.anything() }),
      { ...nowhere, error: { code: 404, message: 'The object does not exist.' } },
    ]);
    const [, second] = edge.neighbours.lfs.asked;
    expect(second).toMatchObject({
      repositoryId: id,
      repositoryPath: 'acme/widget',
      operation: lfs.Operation.OPERATION_DOWNLOAD,
      objects: [offered, nowhere],
      ref: 'refs/heads/main',
      primary: { authorization: basic(READER) },
    });
    expect(edge.logs.at(-1)).toMatchObject({ source: 'passthrough' });
  });

  it('tells of nonsense, and of another hash, for each object by itself', async () => {
    const { status, json } = await download([{ oid: 'x', size: 1 }, here, { oid: here.oid, size: -1 }, null]);
    expect(status).toBe(200);
    expect((json['objects'] as { error?: { code: number } }[]).map(({ error }) => error?.code)).toEqual([
      422,
      undefined,
      422,
      422,
    ]);
    const other = await download([here], { hash_algo: 'sha1' });
    expect(other).toMatchObject({
      status: 200,
      json: { objects: [{ oid: here.oid, error: { code: 409 } }] },
    });
  });

  it('is answered to anybody for a public repository, with the connection’s credential', async () => {
    const { status } = await askLfs(edge, '/open/source.git/info/lfs/objects/batch', {
      json: { operation: 'download', objects: [offered] },
    });
    expect(status).toBe(200);
    expect(edge.neighbours.lfs.asked[1]?.primary).toEqual({ authorization: '' });
  });

  it('takes thousands of objects in one request, as many as there are', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => (index % 2 ? here : nowhere));
    const { json } = await download(many);
    expect((json['objects'] as { oid: string }[]).map(({ oid }) => oid)).toEqual(many.map(({ oid }) => oid));
  });

  it.each<[Code, number]>([
    ['primary_unavailable', 503],
    ['primary_limited', 503],
    ['denied', 404],
  ])('hands out what is here where the primary cannot be asked for the rest: %s', async (code, error) => {
    edge.neighbours.lfs.failing.primary = new AntipodeError(code, 'failing on request');
    const { status, json } = await download([here, offered]);
    expect(status).toBe(200);
    expect(json['objects']).toMatchObject([{ actions: {} }, { error: { code: error } }]);
  });

  it('says for absent ones alone that the primary is away, also where all are absent', async () => {
    edge.neighbours.lfs.failing.primary = new AntipodeError('primary_unavailable', 'failing on request');
    const { status, json } = await download([offered]);
    expect(status).toBe(200);
    expect(json['objects']).toMatchObject([
      { error: { code: 503, message: expect.stringMatching(/cannot be reached/) } },
    ]);
  });
});

describe('a batch of uploads', () => {
  it('goes to the primary with the caller’s credential', async () => {
    const { status, json } = await upload(writer);
    expect(status).toBe(200);
    expect(json['objects']).toMatchObject([
      {
        ...nowhere,
        authenticated: true,
        actions: {
          upload: {
            href: expect.stringContaining('/-/lfs/upload/'),
            header: { 'Antipode-Action': 'sealed' },
          },
          verify: { href: expect.stringContaining('/-/lfs/verify/') },
        },
      },
    ]);
    expect(edge.neighbours.lfs.asked).toMatchObject([
      { operation: lfs.Operation.OPERATION_UPLOAD, primary: { authorization: basic(WRITER) } },
    ]);
  });

  it('is refused with 403 to who may only read, in the primary’s words', async () => {
    expect(await upload(reader)).toMatchObject({ status: 403, json: { message: NOT_YOURS } });
    expect(edge.neighbours.lfs.asked).toEqual([]);
  });

  it('is refused alike for what is hidden, missing or not selected', async () => {
    const hidden = await upload({ authorization: basic(STRANGER) });
    const missing = await upload(writer, '/acme/nothing.git/info/lfs/objects/batch');
    expect([hidden.status, missing.status]).toEqual([404, 404]);
    expect(hidden.json['message']).toBe(missing.json['message']);
  });
});

describe('whoever may not', () => {
  it('is asked to sign in, in the words of git-lfs and of git', async () => {
    const answer = await download([here], {}, {});
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({
      'lfs-authenticate': expect.stringMatching(/^Basic realm=/),
      'www-authenticate': expect.stringMatching(/^Basic realm=/),
      'content-type': LFS_MEDIA_TYPE,
    });
    expect(answer.json).toEqual({ message: expect.any(String), request_id: expect.any(String) });
    expect(edge.logs.at(-1)).toMatchObject({
      request_id: answer.json['request_id'],
      code: 'unauthenticated',
    });
  });

  it.each([
    ['hidden from them', basic(STRANGER), 404],
    ['to be signed in for', 'Bearer antipode-lfs.forged.x', 401],
  ])('is told so before a byte of the body is read: %s', async (_, authorization, status) => {
    const { hostname, port } = new URL(edge.url);
    const headers = { ...LFS, authorization, 'content-length': 4_000_000 };
    const call = send({ hostname, port, path: BATCH, method: 'POST', headers, agent: false });
    call.on('error', () => undefined).flushHeaders();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(status);
    call.destroy();
  });

  it('meets the same 404 for what is hidden and what is missing', async () => {
    const hidden = await download([here], {}, { authorization: basic(STRANGER) });
    const missing = await askLfs(edge, '/acme/nothing/info/lfs/objects/batch', {
      headers: reader,
      json: { operation: 'download', objects: [here] },
    });
    expect([hidden.status, missing.status]).toEqual([404, 404]);
    expect(hidden.json['message']).toBe(missing.json['message']);
  });
});

describe('a request that is none', () => {
  const good = JSON.stringify({ operation: 'download', objects: [] });

  it.each<[string, number, Parameters<typeof askLfs>[2]]>([
    ['another Accept', 406, { headers: { accept: 'text/html' }, body: good }],
    ['another Content-Type', 415, { headers: { 'content-type': 'text/plain' }, body: good }],
    ['another encoding', 415, { headers: { 'content-encoding': 'br' }, body: good }],
    ['no JSON', 422, { body: '{' }],
    ['no batch', 422, { body: '[]' }],
    ['broken gzip', 422, { headers: { 'content-encoding': 'gzip' }, body: 'x' }],
    ['too large', 413, { body: ' '.repeat(5 * 1024 * 1024) }],
    [
      'a bomb',
      413,
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(6_000_000, ' ')) },
    ],
    ['deep', 422, { body: '['.repeat(1_000_000) }],
    [
      'too many objects',
      413,
      { body: JSON.stringify({ operation: 'download', objects: Array(10_001).fill(0) }) },
    ],
    [
      'another transfer',
      422,
      { body: JSON.stringify({ operation: 'download', transfers: ['tus'], objects: [] }) },
    ],
    ['a GET', 405, { method: 'GET' }],
  ])('is refused: %s, with %i', async (_, status, options) => {
    const answer = await askLfs(edge, BATCH, { ...options, headers: { ...reader, ...options?.headers } });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe(LFS_MEDIA_TYPE);
    expect(answer.json).toEqual({ message: expect.any(String), request_id: expect.any(String) });
  });

  it.each([
    { accept: '*/*', 'content-type': 'application/json' },
    { accept: `${LFS_MEDIA_TYPE}; charset=utf-8`, 'content-type': `${LFS_MEDIA_TYPE}; charset=utf-8` },
    { 'content-encoding': 'gzip' },
  ])('is one all the same with %j', async (headers) => {
    const body = 'content-encoding' in headers ? gzipSync(good) : good;
    expect(await askLfs(edge, BATCH, { headers: { ...reader, ...headers }, body })).toMatchObject({
      status: 200,
      json: { objects: [] },
    });
  });

  it('to any other address is told in JSON as well', async () => {
    for (const path of [
      '/acme/widget.git/info/lfs',
      '/acme/widget/info/lfs/objects/x',
      '/x/y/info/lfs/locks/',
    ]) {
      expect(await askLfs(edge, path, { json: {} })).toMatchObject({
        status: 404,
        json: { message: expect.any(String) },
      });
    }
  });
});

describe('where the lfs service is away', () => {
  const link = { href: 'https://media.example/%7Ex?a=b%2Fc', header: { 'X-Key': 'k' }, expires_in: 60 };

  it('a batch goes to the primary with the caller’s credential, and its own links come back', async () => {
    edge.neighbours.lfs.failing.any = new AntipodeError('service_unavailable', 'failing on request');
    primary.lfs = (_, response, body) => {
      const { objects } = JSON.parse(body) as { objects: { oid: string }[] };
      const answers = objects.map((object) => ({ ...object, actions: { download: link } })).reverse();
      response.writeHead(200, { 'content-type': LFS_MEDIA_TYPE });
      response.end(JSON.stringify({ transfer: 'basic', objects: answers }));
    };
    const { status, json } = await download([here, offered]);
    expect(status).toBe(200);
    expect(json['objects']).toEqual([
      { ...here, actions: { download: link } },
      { ...offered, actions: { download: link } },
    ]);
    const [asked] = batchesAtPrimary();
    expect(asked?.headers.authorization).toBe(basic(READER));
    expect(JSON.parse(asked?.body ?? '')).toMatchObject({ transfers: ['basic'], operation: 'download' });
    expect(edge.logs.at(-1)).toMatchObject({ source: 'passthrough', passed_because: 'lfs_away' });
  });

  it('whoever asked with a lent credential gets no link that holds it', async () => {
    const holder = account('rita');
    edge.neighbours.keys.set('rita', { holder, displayName: 'rita', authorization: basic(READER) });
    edge.neighbours.lfs.failing.any = new AntipodeError('service_unavailable', 'failing on request');
    primary.lfs = (request, response, body) => {
      const { objects } = JSON.parse(body) as { objects: { oid: string }[] };
      const echo = { ...link, header: { Authorization: request.headers.authorization } };
      const answers = objects.map((object, n) => ({ ...object, actions: { download: n ? echo : link } }));
      response.writeHead(200, { 'content-type': LFS_MEDIA_TYPE });
      response.end(JSON.stringify({ transfer: 'basic', objects: answers }));
    };
    const expiresAt = Math.floor(Date.now() / 1000) + 900;
    const token: LfsToken = {
      ...{ bearer: { kind: 'holder', holder }, repositoryId: id },
      ...{ operation: 'download', expiresAt },
    };
    const authorization = writeLfsToken(token, openLfsTokenKey(SECRET_KEY));
    const lent = await download([here, offered], {}, { authorization });
    expect(lent.json['objects']).toEqual([
      { ...here, actions: { download: link } },
      { ...offered, error: { code: 503, message: expect.stringMatching(/Try again/) } },
    ]);
    // One's own comes back as it is.
    const own = await download([here, offered]);
    const echo = { ...link, header: { Authorization: basic(READER) } };
    expect(own.json['objects']).toMatchObject([{}, { actions: { download: echo } }]);
  });

  it('and the primary refuses, the client is told what and when, never by a 5xx', async () => {
    edge.neighbours.lfs.failing.any = new AntipodeError('service_unavailable', 'failing on request');
    primary.lfs = (_, response) => void response.writeHead(429, { 'retry-after': '7' }).end('{}');
    const limited = await download([here]);
    expect(limited).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });
    primary.lfs = (_, response) => void response.writeHead(501).end('{}');
    expect(await download([here])).toMatchObject({ status: 501 });
  });
});

it('where auth is away, git-lfs is asked to wait', async () => {
  edge.neighbours.failing.authorize = new AntipodeError('primary_unavailable', 'failing on request');
  try {
    const answer = await download([here], {}, { authorization: basic(STRANGER) });
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '10' } });
  } finally {
    delete edge.neighbours.failing.authorize;
  }
});
