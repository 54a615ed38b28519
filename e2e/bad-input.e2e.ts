import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { descendants, eventually, git, residentBytes, type GitCredential } from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from './src/neighbourhood.js';
import {
  basic,
  rawRequest,
  requestHead,
  type Bytes,
  type RawAnswer,
  type RawOptions,
} from './src/raw-request.js';

/** The edge may grow by its caches and buffers; a bomb or an endless body would be felt far beyond. */
const MOST_RESIDENT_BYTES = 450 * 1024 * 1024;
const OID = '1'.repeat(40);

let here: Neighbourhood;
let url: string;
let as: GitCredential;
let path: string;
let pids: unknown;

beforeAll(async () => {
  here = await sharedHouse('calm');
  url = here.house.demo.mirror.url;
  as = here.house.credential('reader');
  path = `/${here.house.workspace}/storefront.git`;
  await git(['ls-remote', here.house.url('storefront')], { as });
  pids = await allPids();
}, 240_000);

afterAll(async () => {
  // Whatever was sent: nobody fell, nothing still works for a caller who is gone, and the door is open.
  const edge = await here.house.pid('edge');
  expect(await allPids()).toEqual(pids);
  await eventually(async () => expect(await descendants(edge)).toEqual([]), {
    timeoutMs: 15_000,
    everyMs: 200,
  });
  expect(await residentBytes(edge)).toBeLessThan(MOST_RESIDENT_BYTES);
  await git(['ls-remote', here.house.url('storefront')], { as });
});

const allPids = async (): Promise<unknown> => {
  await here.house.pid('edge');
  return here.house.demo.processes;
};

/** A refusal that a person can read: 4xx, and one sentence that tells nothing of the inside. */
function expectSentence(answer: RawAnswer): void {
  expect({ status: answer.status, body: answer.body }).toEqual({
    status: expect.any(Number),
    body: expect.any(String),
  });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  const said = answer.body.trim();
  expect(said.length).toBeGreaterThan(0);
  expect(said.length).toBeLessThan(600);
  expect(said.split('\n').length).toBeLessThanOrEqual(2);
  expect(said).not.toMatch(/node:|node_modules|\.[jt]s:\d|\bat [A-Z]|\/repositories\/|ENOENT|undefined/);
}

interface Post {
  readonly body: Bytes;
  readonly headers?: Readonly<Record<string, string>>;
  readonly options?: RawOptions;
}

/** POSTs to upload-pack as somebody who may read. */
function post({ body, headers = {}, options }: Post): Promise<RawAnswer> {
  const head = requestHead('POST', `${path}/git-upload-pack`, {
    Authorization: basic(as.username, as.password),
    'Content-Type': 'application/x-git-upload-pack-request',
    'Git-Protocol': 'version=2',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  });
  return rawRequest(url, Buffer.concat([Buffer.from(head), Buffer.from(body)]), options);
}

const get = (target: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> =>
  rawRequest(url, requestHead('GET', target, { Authorization: basic(as.username, as.password), ...headers }));

const packet = (text: string): string => (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text;
const v2 = (...args: string[]): string => `${packet('command=fetch')}0001${args.map(packet).join('')}0000`;

describe('bodies that are no requests', () => {
  const BODIES: [string, Bytes][] = [
    ['nothing', ''],
    ['letters where a length belongs', 'zzzzcommand=fetch0000'],
    ['a packet of three bytes', '0003'],
    ['a packet larger than any may be', `fff1${'a'.repeat(65517)}`],
    ['a packet that ends too early', '0032command=fe'],
    ['half a length', '00'],
    ['a minus', '-001command=fetch0000'],
    ['bytes', Buffer.from(Array.from({ length: 300 }, (_, i) => i % 256))],
    ['an unknown command', `${packet('command=become-root')}0000`],
    ['no command', `${packet('agent=git/9')}0000`],
    ['two commands', `${packet('command=fetch')}${packet('command=ls-refs')}0000`],
    ['an unknown argument', v2('be-nice')],
    ['a want that is no oid', v2('want ../../etc/passwd')],
    ['an oid that is too long', v2(`want ${'1'.repeat(41)}`)],
    ['a depth below zero', v2(`want ${OID}`, 'deepen -5')],
    ['a depth beyond numbers', v2(`want ${OID}`, `deepen ${'9'.repeat(40)}`)],
    ['a filter that is none', v2(`want ${OID}`, 'filter nothing:at-all')],
    ['a filter with a path', v2(`want ${OID}`, 'filter sparse:oid=HEAD:../../x')],
    ['a ref prefix with a zero byte', `${packet('command=ls-refs')}0001${packet('ref-prefix a\0b')}0000`],
  ];

  it.each(BODIES)('refuses %s over v2', async (_name, body) => {
    const answer = await post({ body });
    // git's own refusal is an ERR packet in a 200; what goes wrong before that is a 4xx.
    if (answer.status === 200) expect(answer.body).toMatch(/ERR |^0000$|^$/);
    else expectSentence(answer);
  });

  it.each(BODIES)('refuses %s over v0', async (_name, body) => {
    const answer = await post({ body, headers: { 'Git-Protocol': 'version=0' } });
    if (answer.status === 200) expect(answer.body).toMatch(/ERR |^0000$|^$/);
    else expectSentence(answer);
  });

  it('ends a conversation that never comes to its point', async () => {
    const answer = await post({
      body: '',
      headers: { 'Content-Length': String(2 ** 40) },
      options: { then: endless(packet(`want ${OID}`).repeat(1000)), timeoutMs: 60_000 },
    });
    expectSentence(answer);
  }, 90_000);

  it('ends a chunked one as well', async () => {
    const chunk = packet(`have ${OID}`).repeat(1000);
    const head = requestHead('POST', `${path}/git-upload-pack`, {
      Authorization: basic(as.username, as.password),
      'Content-Type': 'application/x-git-upload-pack-request',
      'Transfer-Encoding': 'chunked',
    });
    const answer = await rawRequest(url, head, {
      then: endless(`${chunk.length.toString(16)}\r\n${chunk}\r\n`),
      timeoutMs: 60_000,
    });
    expectSentence(answer);
  }, 90_000);

  it('does not inflate a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024, '0032want '), { level: 9 });
    const headers = { 'Content-Encoding': 'gzip' };
    expectSentence(await post({ body: bomb, headers, options: { timeoutMs: 60_000 } }));
    // Ten of them, as members of one stream and side by side.
    const many = await Promise.all(
      Array.from({ length: 10 }, () =>
        post({ body: Buffer.concat([bomb, bomb, bomb]), headers, options: { timeoutMs: 60_000 } }),
      ),
    );
    for (const answer of many) expectSentence(answer);
  }, 120_000);

  it.each([
    ['gzip that is none', 'gzip', 'not gzip at all'],
    ['gzip that ends too early', 'gzip', gzipSync(v2(`want ${OID}`)).subarray(0, 15)],
    ['brotli', 'br', 'x'],
    ['gzip twice', 'gzip, gzip', gzipSync(gzipSync(v2('done')))],
    ['an encoding with a long name', 'x'.repeat(2000), 'x'],
  ] as [string, string, Bytes][])('refuses %s', async (_name, encoding, body) => {
    expectSentence(await post({ body, headers: { 'Content-Encoding': encoding } }));
  });

  it('takes thousands of wants, and refuses those that nobody has', async () => {
    const tips = Object.values((await here.sim.refs(`${here.house.workspace}/storefront`)).refs);
    const wants = Array.from({ length: 20_000 }, (_, i) => packet(`want ${tips[i % tips.length] ?? ''}\n`));
    const good = await post({
      body: `${packet('command=fetch')}0001${wants.join('')}${packet('done')}0000`,
      options: { timeoutMs: 30_000 },
    });
    expect(good.status).toBe(200);
    const strange = Array.from({ length: 20_000 }, (_, i) =>
      packet(`want ${(i + 1).toString(16).padStart(40, 'a')}\n`),
    );
    const bad = await post({
      body: `${packet('command=fetch')}0001${strange.join('')}${packet('done')}0000`,
      options: { timeoutMs: 30_000 },
    });
    if (bad.status === 200) expect(bad.body).toMatch(/not our ref|ERR /);
    else expectSentence(bad);
  }, 90_000);
});

describe('requests that are none of git', () => {
  it.each([
    'text/plain',
    'application/json',
    'application/x-git-receive-pack-request',
    'application/x-git-upload-pack-request; x'.repeat(50),
  ])('refuses the content type %s', async (type) =>
    expectSentence(await post({ body: '0000', headers: { 'Content-Type': type } })),
  );

  it.each([
    '/info/refs',
    '/info/refs?service=',
    '/info/refs?service=git-evil',
    '/info/refs?service=git-upload-archive',
    '/info/refs?service=git-upload-pack%00',
    '/info/refs?service=../../x',
    '/HEAD',
    '/config',
    '/objects/info/packs',
    `/objects/11/${'1'.repeat(38)}`,
    '/antipode/snapshot',
    '/git-upload-pack',
    '/git-evil',
    '',
    '/',
  ])('refuses %s', async (rest) => expectSentence(await get(path + rest)));

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    'refuses the method %s',
    async (method) => {
      const target = `${path}/info/refs?service=git-upload-pack`;
      expectSentence(await rawRequest(url, requestHead(method, target, { 'Content-Length': '0' })));
    },
  );

  it.each([
    ['no HTTP', 'hello, is this git?\r\n\r\n'],
    ['a TLS greeting', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
    ['a request line without end', `GET /${'a'.repeat(200_000)}`],
    [
      'two lengths',
      'POST /a/b.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n00000',
    ],
    [
      'a length and chunks',
      'POST /a/b.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'a length below zero',
      'POST /a/b.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    ],
    [
      'a chunk of no size',
      'POST /a/b.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    ],
    ['no Host', 'GET /a/b.git/info/refs?service=git-upload-pack HTTP/1.1\r\n\r\n'],
    ['a header that hides another', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n Authorization: b\nY: c\r\n\r\n'],
  ] as [string, Bytes][])('refuses %s', async (_name, bytes) => {
    const answer = await rawRequest(url, bytes, { timeoutMs: 3000 });
    expect(answer.status === 0 || (answer.status >= 400 && answer.status < 500)).toBe(true);
  });

  it('refuses headers without measure', async () => {
    const target = `${path}/info/refs?service=git-upload-pack`;
    for (const headers of [
      { 'X-Long': 'x'.repeat(200_000) },
      Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`X-${i}`, 'y'])),
      { Authorization: `Basic ${'A'.repeat(100_000)}` },
    ]) {
      const answer = await rawRequest(url, requestHead('GET', target, headers));
      expect(answer.status === 0 || (answer.status >= 400 && answer.status < 500)).toBe(true);
    }
  });

  it.each([
    'Basic',
    'Basic !!!',
    'Basic AAAA',
    `Basic ${'A'.repeat(6000)}`,
    'Bearer x',
    'Digest username="x"',
    'Basic \u00ff',
    'Negotiate AAAA',
  ])('takes the credential "%s" for a wrong one', async (authorization) => {
    const target = `${path}/info/refs?service=git-upload-pack`;
    const answer = await rawRequest(url, requestHead('GET', target, { Authorization: authorization }));
    expect([400, 401, 429]).toContain(answer.status);
    expectSentence(answer);
  });

  it.each(['version=99', 'version=2:'.repeat(300), 'x'.repeat(4000), 'version=2\tversion=0', '=', ':::'])(
    'is not confused by Git-Protocol "%s"',
    async (protocol) => {
      const answer = await get(`${path}/info/refs?service=git-upload-pack`, { 'Git-Protocol': protocol });
      if (answer.status === 200) expect(answer.body).toContain('# service=git-upload-pack');
      else expectSentence(answer);
    },
  );
});

describe('names that mean something else', () => {
  const NAMES = [
    '/-/..%2f..%2fetc/passwd',
    '/../../../../etc/passwd',
    '/acme/../../../etc/passwd',
    '/acme/..',
    '/acme/.',
    '/acme/.git',
    '/acme/-',
    '/-/-',
    '/antipode/antipode',
    '/acme/antipode',
    '/acme/storefront.git/antipode',
    '/acme/%2e%2e',
    '/acme/%2e%2e%2fstorefront',
    '/acme%2fstorefront',
    '/acme/%252e%252e%252f',
    '/acme/..%5c..%5cetc',
    '/acme/\\..\\',
    '/acme/storefront%00',
    '/acme/%c0%ae%c0%ae',
    '/acme/%ff%fe',
    '/acme/%',
    '/acme/%zz',
    '/acme/%u002e',
    '//acme//storefront',
    '/acme/storefront.git.git',
    '/acme/storefront%20',
    '/acme/ storefront'.replace(' ', '%09'),
    '/acme/--upload-pack=touch%20x',
    '/acme/-c',
    '/acme/storefront;id',
    '/acme/$(id)',
    `/acme/${'a'.repeat(5000)}`,
    `/${'a/'.repeat(3000)}b`,
    '/acme',
    '/acme/storefront.git/../../pipelines',
    '/%E2%80%AE/x',
    '/ACME/%53torefront%2egit%2f..%2f..%2fpipelines',
  ];

  it.each(NAMES)('finds nothing at %s', async (name) => {
    for (const target of [
      `${name}.git/info/refs?service=git-upload-pack`,
      `${name}/info/refs?service=git-upload-pack`,
    ]) {
      const answer = await get(target);
      expectSentence(answer);
      expect(answer.body).not.toContain('# service');
    }
  });

  it.each([
    'http://evil.example/acme/storefront.git/info/refs?service=git-upload-pack',
    '*',
    'acme/storefront.git/info/refs',
    '?x',
    '/#',
  ])('does not follow the target %s elsewhere', async (target) => {
    const answer = await get(target);
    // An absolute target is the proxy's form of the same question (RFC 9112 §3.2.2): the path counts, never the host.
    if (answer.status === 200) expect(answer.body).toContain('# service=git-upload-pack');
    else expect(answer.status >= 400 && answer.status < 500).toBe(true);
  });

  it.each([
    '/-/',
    '/-/api/v1/repositories',
    '/-/api/v1/../../..',
    '/-/webhooks/unknown',
    '/-/webhooks/%00',
    '/-/%2e%2e/acme',
    '/-/metrics',
    '/-/healthz/..',
  ])('shows no inside at %s', async (target) => {
    const answer = await rawRequest(url, requestHead('GET', target));
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).not.toMatch(/node:|node_modules|\.[jt]s:\d|storefront|process_cpu/);
  });
});

describe('callers without manners', () => {
  it('serves others while a hundred connections say nothing, or half a sentence', async () => {
    const { hostname, port } = new URL(url);
    const silent = Array.from({ length: 100 }, (_, i) => {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      if (i % 2)
        socket.write(`GET ${path}/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\nX-Slow: `);
      return socket;
    });
    await git(['ls-remote', here.house.url('storefront')], { as, timeoutMs: 10_000 });
    for (const socket of silent) socket.destroy();
  });

  it('stops git when a caller hangs up in the middle of a pack', async () => {
    const tips = Object.values((await here.sim.refs(`${here.house.workspace}/storefront`)).refs);
    const { hostname, port } = new URL(url);
    const body = v2(...tips.map((tip) => `want ${tip}`), 'done');
    const head = requestHead('POST', `${path}/git-upload-pack`, {
      Authorization: basic(as.username, as.password),
      'Content-Type': 'application/x-git-upload-pack-request',
      'Git-Protocol': 'version=2',
      'Content-Length': String(body.length),
    });
    for (let n = 0; n < 20; n += 1) {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      socket.write(head + body);
      socket.once('data', () => socket.destroy());
      if (n % 4 === 0) setTimeout(() => socket.destroy(), n);
    }
    const edge = await here.house.pid('edge');
    await eventually(async () => expect(await descendants(edge)).toEqual([]), {
      timeoutMs: 10_000,
      everyMs: 100,
    });
  });
});

async function* endless(part: string): AsyncGenerator<string> {
  for (;;) yield part;
}
