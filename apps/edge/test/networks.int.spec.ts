import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, git, tryGit } from '@antipode/testing';
import { ask, INFO_REFS, type Heard } from './ask.js';
import { behind, type Behind } from './behind.js';
import { basic, GivenEdge, READER, WRITER } from './given-edge.js';
import { GivenSsh, type GivenKey } from './given-ssh.js';
import { ProxyRelay } from './proxy-relay.js';
import { writeV1, writeV2 } from './write-proxy-header.js';

/** Served; the first half of them also without a credential. */
const NEAR = '203.0.113.5';
const FAR = '203.0.113.200';
const DENIED = '203.0.113.66';
const ELSEWHERE = '192.0.2.1';
const NOT_SERVED = `This mirror does not serve your network (${DENIED}).`;

let edge: GivenEdge;
let registry: Behind;
let ssh: GivenSsh;
let ann: GivenKey;
let http: ProxyRelay;
let shell: ProxyRelay;

beforeAll(async () => {
  registry = await behind('registry');
  edge = await GivenEdge.open({
    public: ['acme/open'],
    settings: {
      REGISTRY_HTTP: registry.url,
      PROXY_PROTOCOL: 'both',
      // The second stands for proxies of the seventh layer behind the first.
      TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8',
      ALLOW_NETWORKS: '203.0.113.0/24, 2001:db8::/32, 127.0.0.1',
      DENY_NETWORKS: DENIED,
      PUBLIC_ALLOW_NETWORKS: '203.0.113.0/25, 2001:db8::/32',
      SSH_KEY_CACHE_SECONDS: '1',
      PUSH_PUBLISH_SECONDS: '1',
    },
  });
  await edge.add();
  await edge.add('acme/open');
  ssh = new GivenSsh(edge);
  ann = await ssh.known('ann', { authorization: basic(WRITER) });
  http = await ProxyRelay.open(Number(new URL(edge.url).port), writeV1(NEAR));
  shell = await ProxyRelay.open(edge.sshPort, writeV1(NEAR));
});
afterAll(async () => {
  await http[Symbol.asyncDispose]();
  await shell[Symbol.asyncDispose]();
  await edge[Symbol.asyncDispose]();
  registry.server.closeAllConnections();
  registry.server.close();
});
beforeEach(() => {
  http.header = shell.header = writeV1(NEAR);
  edge.neighbours.addresses.length = 0;
  edge.neighbours.verdictMs = 0;
});

const reader = { authorization: basic(READER) };
const v2 = (source: string) => writeV2({ source, destination: source.includes(':') ? '::1' : '127.0.0.1' });
const cases = [
  ['version 1', writeV1, FAR],
  ['version 2', v2, '2001:db8::7'],
] as const;

/** Sends bytes to the HTTP door itself; resolves to all that it says. */
function raw(
  bytes: Buffer,
  { from = '127.0.0.1', port = Number(new URL(edge.url).port) } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from }, () => socket.write(bytes));
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString())).on('error', () => undefined);
    socket.on('close', () => resolve(heard));
  });
}

const shape = ({ status, rawHeaders, body }: Heard): unknown => ({
  status,
  headers: rawHeaders.map((text, i) => (rawHeaders[i - 1] === 'Date' ? '' : text)),
  body: body.toString().replace(/"request_id":"[^"]*"/, ''),
});

describe.each(cases)('a PROXY header of %s', (_, write, source) => {
  it('tells for whom git asks, and OpenSSH', async () => {
    http.header = shell.header = write(source);
    await git(['ls-remote', `${http.url}/acme/widget.git`], { as: READER });
    const { code } = await ssh.tryGit([ann], ['ls-remote', ssh.url('acme/widget.git', shell.port)]);
    expect(code).toBe(0);
    expect(edge.neighbours.addresses.length).toBeGreaterThan(2);
    expect(new Set(edge.neighbours.addresses)).toEqual(new Set([source]));
  });

  it('holds for every request of its connection, and may come in one piece with the first', async () => {
    const request = `GET /acme/widget.git${INFO_REFS} HTTP/1.1\r\nHost: x\r\nAuthorization: ${reader.authorization}\r\n`;
    const heard = await raw(
      Buffer.concat([write(FAR), Buffer.from(`${request}\r\n${request}Connection: close\r\n\r\n`)]),
    );
    expect(heard.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(edge.neighbours.addresses).toEqual([FAR, FAR]);
  });

  it('may come in any number of pieces', async () => {
    const text = `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const socket = connect(Number(new URL(edge.url).port), '127.0.0.1');
    socket.setNoDelay(true);
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString()));
    for (const byte of Buffer.concat([write(NEAR), Buffer.from(text)])) {
      socket.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    await eventually(() => socket.destroyed);
    expect(heard).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it.each([
    ['names a client, whose own claim is none', NEAR, NEAR],
    ['names another trusted proxy, which tells the client', '10.1.1.1', FAR],
  ])('that %s is believed before X-Forwarded-For', async (_why, source, expected) => {
    http.header = write(source);
    const headers = { ...reader, 'x-forwarded-for': FAR };
    expect((await ask(http.url, `/acme/widget.git${INFO_REFS}`, { headers })).status).toBe(200);
    expect(edge.neighbours.addresses).toEqual([expected]);
  });
});

describe('a proxy', () => {
  it.each([
    ['LOCAL', writeV2({ command: 0, family: 0, addresses: Buffer.alloc(0) })],
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
    ['UNSPEC', writeV2({ family: 0, addresses: Buffer.alloc(0) })],
  ])('that says %s is its own client, and what its client claims is not believed', async (_, header) => {
    http.header = header;
    const headers = { ...reader, 'x-forwarded-for': FAR };
    expect((await ask(http.url, `/acme/widget.git${INFO_REFS}`, { headers })).status).toBe(200);
    expect(edge.neighbours.addresses).toEqual(['127.0.0.1']);
  });

  it('that says nothing is told so, over HTTP and SSH', async () => {
    const heard = await raw(Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\n\r\n${'x'.repeat(100_000)}`));
    expect(heard).toMatch(/^HTTP\/1\.1 400 [^]*sent no PROXY protocol header\.\n$/);
    shell.header = Buffer.alloc(0);
    const { stderr } = await ssh.tryGit([ann], ['ls-remote', ssh.url('acme/widget.git', shell.port)]);
    expect(stderr).toContain('The proxy in front of this mirror sent no PROXY protocol header.');
    expect(edge.logs.some(({ door }) => door === 'http')).toBe(true);
  });

  it.each(['PROXY TCP4 1.2.3.4 nonsense\r\n', '\r\n\r\n\0\r\nQUIT\n\xff\x11', '\0'])(
    'that says nonsense (%j) is refused',
    async (text) => {
      const heard = await raw(Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from('\0\0\0\0\0\0\0')]));
      expect(heard).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  it('that only looks whether the port is open leaves nothing behind', async () => {
    for (const port of [edge.sshPort, Number(new URL(edge.url).port)])
      for (const bytes of ['', 'PROXY TC']) {
        const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
        await eventually(() => socket.destroyed);
      }
    expect((await ask(http.url, '/')).status).toBe(200);
  });

  it('that is not trusted is none, whatever it says', async () => {
    const request = Buffer.concat([writeV1(NEAR), Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')]);
    expect(await raw(request, { from: '127.0.0.2' })).toMatch(
      /^HTTP\/1\.1 403 [^]*use its public address\.\n$/,
    );
    await using stranger = await ProxyRelay.open(edge.sshPort, writeV1(NEAR), '127.0.0.2');
    const { stderr } = await ssh.tryGit([ann], ['ls-remote', ssh.url('acme/widget.git', stranger.port)]);
    expect(stderr).toContain('use its public address.');
    expect(edge.neighbours.addresses).toEqual([]);
  });
});

it('megabytes go both ways behind a header', async () => {
  await git(['config', 'http.receivepack', 'true'], { cwd: edge.mirrors.origin() });
  const [url, work] = [`${http.url}/acme/widget.git`, `${edge.folder}/large`];
  await git(['clone', '--quiet', url, work], { as: WRITER });
  const bytes = randomBytes(3_000_000);
  await writeFile(`${work}/large.bin`, bytes);
  await git(['add', '.'], { cwd: work });
  await git(['-c', 'user.name=x', '-c', 'user.email=x@example.com', 'commit', '-qm', 'Large'], { cwd: work });
  await git(['push', '--quiet', 'origin', 'HEAD:large'], { as: WRITER, cwd: work });
  await git(['clone', '--quiet', '--branch', 'large', url, `${work}-again`], { as: WRITER });
  expect((await readFile(`${work}-again/large.bin`)).equals(bytes)).toBe(true);
});

describe('a network that is not served', () => {
  beforeEach(() => {
    http.header = shell.header = writeV1(DENIED);
  });

  it('hears so from git over HTTP, and nothing is asked for it', async () => {
    for (const path of ['acme/widget', 'acme/open', 'acme/missing']) {
      const { stderr } = await tryGit(['ls-remote', `${http.url}/${path}.git`], { as: READER });
      expect(stderr).toContain(`remote: ${NOT_SERVED}`);
    }
    expect(edge.neighbours.addresses).toEqual([]);
    http.header = writeV1(ELSEWHERE);
    expect((await ask(http.url, '/')).status).toBe(403);
  });

  it('hears so from ssh', async () => {
    const { stderr, code } = await ssh.tryGit([ann], ['ls-remote', ssh.url('acme/widget.git', shell.port)]);
    expect(stderr).toContain(NOT_SERVED);
    expect(code).not.toBe(0);
    expect(edge.neighbours.addresses).toEqual([]);
  });

  it('hears so in the words of LFS, and of the API', async () => {
    const lfs = await ask(http.url, '/acme/widget.git/info/lfs/objects/batch', {
      method: 'POST',
      headers: reader,
      body: '{}',
    });
    expect(lfs).toMatchObject({ status: 403, headers: { 'content-type': 'application/vnd.git-lfs+json' } });
    expect(JSON.parse(lfs.body.toString()).message).toContain(NOT_SERVED);
    const problem = await ask(http.url, '/-/api/v1/status');
    expect(problem).toMatchObject({ status: 403, headers: { 'content-type': 'application/problem+json' } });
    expect(JSON.parse(problem.body.toString())).toMatchObject({ code: 'denied', status: 403 });
    expect((await ask(http.url, '/-/lfs/download/x')).status).toBe(403);
    expect((await ask(http.url, '/-/link')).body.toString()).toContain(NOT_SERVED);
  });

  it('may bring webhooks, which are signed, and ask how the mirror is; by no other way', async () => {
    const statusOf = async (method: string, path: string) => (await ask(http.url, path, { method })).status;
    expect(await statusOf('POST', '/-/webhooks/x')).toBe(200);
    expect(await statusOf('GET', '/-/api/v1/health')).toBe(200);
    for (const path of [
      '/-/webhooks/../api/v1/status',
      '/-/webhooks/%2e%2e/api',
      '/-/webhooks',
      '/-/api/v1/healthy',
    ])
      expect([path, await statusOf('GET', path)]).toEqual([path, 403]);
    expect(await statusOf('POST', '/-/api/v1/health')).toBe(403);
  });
});

describe('a network that must show a credential', () => {
  beforeEach(() => {
    http.header = writeV1(FAR);
  });
  const LFS = { accept: 'application/vnd.git-lfs+json', 'content-type': 'application/vnd.git-lfs+json' };
  const batch = {
    method: 'POST',
    headers: LFS,
    body: JSON.stringify({ operation: 'download', objects: [{ oid: 'a'.repeat(64), size: 1 }] }),
  };

  it('cannot tell what is public from what is not', async () => {
    const asked = (path: string) => ask(http.url, `/${path}.git${INFO_REFS}`);
    const [open, hidden] = [await asked('acme/open'), await asked('acme/widget')];
    expect(open.status).toBe(401);
    expect(shape(open)).toEqual(shape(hidden));
    const lfs = (path: string) => ask(http.url, `/${path}.git/info/lfs/objects/batch`, batch);
    expect(shape(await lfs('acme/open'))).toEqual(shape(await lfs('acme/widget')));
    expect(edge.neighbours.addresses).toEqual([]);
    http.header = writeV1(NEAR);
    expect((await asked('acme/open')).status).toBe(200);
  });

  it('reads it with one', async () => {
    const refs = await git(['ls-remote', `${http.url}/acme/open.git`, 'HEAD'], { as: READER });
    expect(refs).toContain('HEAD');
  });

  it('is named to those who answer pages, and nobody can say it is not', async () => {
    const told = async (headers: Readonly<Record<string, string>> = {}) => {
      await ask(http.url, '/-/', { headers });
      return registry.heard.at(-1)?.headers['x-antipode-without-credential'];
    };
    expect(await told()).toBe('refused');
    expect(await told({ 'x-antipode-without-credential': 'served' })).toBe('refused');
    http.header = writeV1(NEAR);
    expect(await told()).toBeUndefined();
    expect(await told({ 'x-antipode-without-credential': 'refused' })).toBeUndefined();
  });
});
