import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LFS_MEDIA_TYPE } from '@antipode/lfs-wire';
import { git } from '@antipode/testing';
import { basic, GivenEdge, NOT_YOURS, READER, STRANGER, WRITER } from './given-edge.js';
import { askLfs, GivenServer, withLfs, type Handler } from './given-lfs.js';

let edge: GivenEdge;
let primary: GivenServer;
const LOCKS = '/acme/widget.git/info/lfs/locks';
const reader = { authorization: basic(READER) };
const writer = { authorization: basic(WRITER) };

beforeAll(async () => {
  primary = await GivenServer.open();
  edge = await GivenEdge.open({ before: (url) => withLfs(primary, url) });
  await edge.add('acme/widget');
  await git(['config', 'http.receivepack', 'true'], { cwd: edge.mirrors.origin() });
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  await primary[Symbol.asyncDispose]();
});
beforeEach(() => {
  primary.heard.length = 0;
});

const asked = () => primary.heard.filter(({ url }) => url.includes('/info/lfs/'));
const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    void response
      .writeHead(status, { 'content-type': LFS_MEDIA_TYPE, ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
const list = (headers: Record<string, string> = reader, query = '') =>
  askLfs(edge, `${LOCKS}${query}`, { method: 'GET', headers });

describe('locks', () => {
  it('are listed by the primary, for who may read, with the caller’s credential and each time anew', async () => {
    for (const locks of [[], [{ id: '1', path: 'a.bin' }]]) {
      primary.lfs = answer(200, { locks, next_cursor: 'x' });
      const { status, json, headers } = await list(reader, '?path=a.bin&limit=10&password=x');
      expect({ status, json }).toEqual({ status: 200, json: { locks, next_cursor: 'x' } });
      expect(headers).toMatchObject({
        'content-type': LFS_MEDIA_TYPE,
        'cache-control': expect.stringContaining('no-cache'),
      });
    }
    expect(asked().map(({ url, headers }) => [url, headers.authorization])).toEqual(
      Array(2).fill(['/acme/widget.git/info/lfs/locks?path=a.bin&limit=10', basic(READER)]),
    );
  });

  it.each<[string, number, object]>([
    ['', 201, { lock: { id: '1', path: 'a.bin' } }],
    ['', 409, { lock: { id: '1' }, message: 'already created lock' }],
    ['/verify', 200, { ours: [], theirs: [] }],
    ['/verify', 403, { message: 'You must have push access to verify locks' }],
    ['/1/unlock', 200, { lock: { id: '1' } }],
    ['/verify', 404, { message: 'Not found' }],
    ['/verify', 501, { message: 'Not supported' }],
  ])('%s: the primary’s %i comes back as it is', async (path, status, body) => {
    primary.lfs = answer(status, body);
    const question = { path: 'a.bin', force: true, ref: { name: 'refs/heads/main' } };
    const heard = await askLfs(edge, `${LOCKS}${path}`, { headers: writer, json: question });
    expect({ status: heard.status, json: heard.json }).toEqual({ status, json: body });
    const [told] = asked();
    expect(told).toMatchObject({ method: 'POST', url: `/acme/widget.git/info/lfs/locks${path}` });
    expect(JSON.parse(told?.body ?? '')).toEqual(question);
  });

  it.each<[string, Handler, number]>([
    ['a page that is not there', answer(404, '<html>', { 'content-type': 'text/html' }), 404],
    ['a page that is not for POST', answer(405, '<html>', { 'content-type': 'text/html' }), 404],
    ['a redirect', answer(302, '{}', { location: 'http://127.0.0.1:1/' }), 429],
    ['another credential', answer(401, '{}'), 401],
    ['too many requests', answer(429, '{}', { 'retry-after': '9' }), 429],
    ['a page instead of a list', answer(200, '<html>', { 'content-type': 'text/html' }), 429],
    ['no JSON', answer(200, '[', {}), 429],
    ['an endless list', answer(200, JSON.stringify({ locks: ['x'.repeat(2_000_000)] })), 429],
    ['nothing', (request) => void request.socket.destroy(), 429],
  ])('become a clear answer where the primary answers with %s', async (_, handler, status) => {
    primary.lfs = handler;
    const heard = await list();
    expect(heard.status).toBe(status);
    expect(heard.json).toMatchObject({ message: expect.any(String) });
    expect(asked()).toHaveLength(1);
  });

  it('of what may not be seen are not asked for', async () => {
    primary.lfs = answer(200, { locks: [] });
    expect((await list({ authorization: basic(STRANGER) })).status).toBe(404);
    expect((await list({})).status).toBe(401);
    const create = await askLfs(edge, LOCKS, { headers: reader, json: { path: 'a.bin' } });
    expect(create).toMatchObject({ status: 403, json: { message: NOT_YOURS } });
    expect(asked()).toEqual([]);
  });

  it.each(['/%2e%2e/unlock', '/a%2fb/unlock'])('are nowhere else: %s', async (path) => {
    const heard = await askLfs(edge, `${LOCKS}${path}`, { headers: writer, json: {} });
    expect(heard.status).toBe(404);
    expect(asked()).toEqual([]);
  });

  it('are asked for in JSON', async () => {
    const heard = await askLfs(edge, `${LOCKS}/verify`, { headers: writer, body: 'x' });
    expect(heard.status).toBe(422);
    expect((await askLfs(edge, `${LOCKS}/verify`, { method: 'GET', headers: writer })).status).toBe(405);
    expect(asked()).toEqual([]);
  });
});
