import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, git } from '@antipode/testing';
import { HttpDoor } from '../src/http/http-door.js';
import { ask, INFO_REFS } from './ask.js';
import { behind, recordingRelay, type Behind } from './behind.js';
import { basic, GivenEdge, READER, WRITER } from './given-edge.js';

let edge: GivenEdge;
let registry: Behind;
let auth: Behind;
let primary: Behind;

beforeAll(async () => {
  [registry, auth] = await Promise.all([behind('registry'), behind('auth')]);
  edge = await GivenEdge.open({
    settings: {
      REGISTRY_HTTP: registry.url,
      AUTH_HTTP: auth.url,
      LIVE_STREAMS: '3',
      LIVE_STREAMS_PER_ADDRESS: '3',
      TRUSTED_PROXIES: '127.0.0.1',
      SHUTDOWN_SECONDS: '25',
    },
    before: async (url) => (primary = await recordingRelay(url)).url,
  });
  await edge.add();
  await edge.add('rest/widget');
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  for (const { server } of [registry, auth, primary]) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(() => {
  for (const { heard } of [registry, auth, primary]) heard.length = 0;
});

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

describe('a browser', () => {
  it.each(['GET', 'HEAD'])(
    'is led by %s to the page of what it names, whether or not that exists',
    async (method) => {
      for (const path of ['acme/widget', 'acme/missing']) {
        const answer = await ask(edge.url, `/${path}.git`, { method, headers: browser });
        expect(answer).toMatchObject({
          status: 302,
          headers: { location: `/-/repositories/${path}`, vary: 'Accept', 'cache-control': 'no-store' },
        });
        expect(answer.body).toHaveLength(0);
      }
      expect((await ask(edge.url, '/', { method, headers: browser })).headers.location).toBe('/-/');
    },
  );

  it.each([
    '//elsewhere.example',
    '/\\elsewhere.example',
    '/%2f%2felsewhere.example',
    '/x%0d%0aSet-Cookie:%20a=b',
  ])('is led nowhere else by %s', async (path) => {
    const { status, headers } = await ask(edge.url, path, { headers: browser });
    expect(status).toBe(302);
    expect(new URL(headers.location ?? '', edge.url).origin).toBe(edge.url);
    expect(headers.location).toMatch(/^\/-\//);
    expect(headers['set-cookie']).toBeUndefined();
  });

  it('alone is led: others read how to clone', async () => {
    for (const accept of ['*/*', 'application/json', 'text/plain, text/htmlx']) {
      const answer = await ask(edge.url, '/acme/widget', { headers: { accept } });
      expect(answer).toMatchObject({ status: 200, headers: { vary: 'Accept' } });
      expect(answer.body.toString()).toContain('git clone');
    }
  });
});

describe('the mirror’s own requests', () => {
  it.each([
    ['/rest/mirroring/latest/mirrorServers', 'registry'],
    ['/status', 'registry'],
    ['/-/api/v1/status', 'registry'],
    ['/-/link', 'auth'],
    ['/-/link/callback?code=1', 'auth'],
    ['/-/linked', 'registry'],
    ['/-/x/../link', 'auth'],
    ['/-/link/../api', 'registry'],
  ])('%s is for the %s', async (path, whom) => {
    expect((await ask(edge.url, path)).body.toString()).toMatch(new RegExp(`^${whom} `));
  });

  it.each(['/rest/../internal', '/-/../metrics', '/rest/%2e%2e/metrics'])(
    '%s reaches nobody',
    async (path) => {
      expect((await ask(edge.url, path)).status).toBe(404);
      expect(registry.heard).toEqual([]);
    },
  );

  it('are none where git asks for a repository of a workspace "rest"', async () => {
    const refs = await git(['ls-remote', edge.repositoryUrl('rest/widget'), 'HEAD'], { as: READER });
    expect(refs).toContain('HEAD');
    expect(registry.heard).toEqual([]);
  });

  it('carry cookies and form tokens to the registry and to auth', async () => {
    const headers = { cookie: '__Host-antipode=x', 'x-antipode-csrf': 'y', origin: 'https://mirror.example' };
    await ask(edge.url, '/-/api/v1/selection', { method: 'PUT', headers, body: '{}' });
    await ask(edge.url, '/-/link', { method: 'POST', headers, body: 'a=b' });
    expect(registry.heard[0]?.headers).toMatchObject(headers);
    expect(auth.heard[0]?.headers).toMatchObject(headers);
  });
});

it('lets nobody who sends slowly keep others waiting', async () => {
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
  const { hostname, port } = new URL(edge.url);
  const slow = ['192.0.2.1', '192.0.2.2'].flatMap((address) =>
    Array.from({ length: 32 }, () => {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      socket.write(
        `POST /-/api/v1/x HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${address}\r\ncontent-length: 9\r\n\r\n1`,
      );
      return socket;
    }),
  );
  try {
    await eventually(async () => (await ask(edge.url, '/-/api/v1/status', from('192.0.2.1'))).status === 503);
    expect((await ask(edge.url, '/-/api/v1/status', from('192.0.2.3'))).status).toBe(200);
    expect((await ask(edge.url, '/-/webhooks/x', from('192.0.2.1'))).status).toBe(200);
  } finally {
    for (const socket of slow) socket.destroy();
  }
});

it('shows the primary neither cookies nor headers of ours', async () => {
  const headers = {
    authorization: basic(WRITER),
    cookie: '__Host-antipode=secret-of-a-session',
    'x-antipode-csrf': 'secret-of-a-form',
    'x-forwarded-for': '192.0.2.77',
    'x-antipode-anything': 'secret',
    'git-protocol': 'version=2',
  };
  await edge.add('acme/unsynced', { synced: false });
  const asked = [INFO_REFS, '/info/refs?service=git-receive-pack', '/info/lfs/locks'];
  for (const path of asked) await ask(edge.url, `/acme/unsynced.git${path}`, { headers });
  expect(primary.heard.length).toBeGreaterThanOrEqual(2);
  for (const { rawHeaders } of primary.heard) {
    expect(rawHeaders.join('\n')).not.toMatch(/secret|192\.0\.2\.77|cookie|x-antipode/i);
  }
});

describe('a live stream', () => {
  const EVENTS = '/-/api/v1/events';
  async function listen(): Promise<{ response: IncomingMessage; leave: () => void }> {
    const call = get(edge.url + EVENTS, { agent: false });
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    return { response, leave: () => call.destroy() };
  }

  it('is told as it comes, ends with its client, and is bounded in number', async () => {
    const listeners = [await listen(), await listen(), await listen()];
    const [first] = listeners;
    const [chunk] = (await once(first?.response as IncomingMessage, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('retry: 3000\n\n');
    const refused = await ask(edge.url, EVENTS);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': expect.any(String) } });
    // Everybody else is still served.
    expect((await ask(edge.url, '/-/api/v1/status')).status).toBe(200);
    for (const { leave } of listeners) leave();
    await eventually(() =>
      registry.heard
        .filter(({ url }) => url === EVENTS)
        .every(({ destroyed, socket }) => destroyed && socket.destroyed),
    );
    await eventually(async () => {
      const { response, leave } = await listen();
      leave();
      return response.statusCode === 200;
    });
    await eventually(() =>
      edge.logs.some((line) => line['route'] === 'live' && line['code'] === 'cancelled'),
    );
  });

  it.each(['/-/./api/v1/events', '/-/x/../api/v1/events'])('is none by %s', async (path) => {
    expect((await ask(edge.url, path)).status).toBe(404);
  });

  it('ends at once where the edge closes', async () => {
    const { response } = await listen();
    const ended = once(response.resume(), 'end');
    const startedAt = Date.now();
    await edge.app.get(HttpDoor).beforeApplicationShutdown();
    await ended;
    expect(Date.now() - startedAt).toBeLessThan(5000);
  });
});
