import { beforeAll, describe, expect, it } from '@jest/globals';
import { sharedHouse } from '../src/neighbourhood.js';
import { rawRequest, requestHead, type Bytes } from '../src/raw-request.js';
import { expectNothingOfTheInside, expectSentence, RudeCaller } from '../src/rude-caller.js';

let caller: RudeCaller;

beforeAll(async () => {
  caller = await RudeCaller.arrive(await sharedHouse('calm'));
}, 240_000);

describe('requests that are none of git', () => {
  it.each(['text/plain', 'application/json', 'application/x-git-receive-pack-request'])(
    'refuses the content type %s',
    async (type) => expectSentence(await caller.post({ body: '0000', headers: { 'Content-Type': type } })),
  );

  it.each([
    '/info/refs',
    '/info/refs?service=',
    '/info/refs?service=git-evil',
    '/info/refs?service=git-upload-archive',
    '/info/refs?service=git-upload-pack%00',
    '/info/refs?service=../../x',
    '/HEAD',
    '/objects/info/packs',
    `/objects/11/${'1'.repeat(38)}`,
    '/git-upload-pack',
  ])('refuses %s', async (rest) => expectSentence(await caller.get(caller.path + rest)));

  it('shows one page, the same for every other path', async () => {
    const root = await caller.get('/');
    for (const rest of [
      '',
      '/',
      '/config',
      '/antipode/snapshot',
      '/git-evil',
      '/refs/heads/main',
      '/../pipelines.git',
    ]) {
      const { status, body } = await caller.get(caller.path + rest);
      expect({ rest, status, body }).toEqual({ rest, status: root.status, body: root.body });
    }
    expectNothingOfTheInside(root.body);
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    'refuses the method %s',
    async (method) => {
      const target = `${caller.path}/info/refs?service=git-upload-pack`;
      expectSentence(await rawRequest(caller.url, requestHead(method, target, { 'Content-Length': '0' })));
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
    const answer = await rawRequest(caller.url, bytes, { timeoutMs: 3000 });
    expect(answer.status === 0 || (answer.status >= 400 && answer.status < 500)).toBe(true);
  });

  it('refuses headers without measure', async () => {
    const target = `${caller.path}/info/refs?service=git-upload-pack`;
    for (const headers of [
      { 'X-Long': 'x'.repeat(200_000) },
      Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`X-${i}`, 'y'])),
      { Authorization: `Basic ${'A'.repeat(100_000)}` },
    ]) {
      const answer = await rawRequest(caller.url, requestHead('GET', target, headers));
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
    const target = `${caller.path}/info/refs?service=git-upload-pack`;
    const answer = await rawRequest(caller.url, requestHead('GET', target, { Authorization: authorization }));
    expect([400, 401, 429]).toContain(answer.status);
    expectSentence(answer);
  });

  it.each(['version=99', 'version=2:'.repeat(300), 'x'.repeat(4000), 'version=2\tversion=0', '=', ':::'])(
    'is not confused by Git-Protocol "%s"',
    async (protocol) => {
      const answer = await caller.get(`${caller.path}/info/refs?service=git-upload-pack`, {
        'Git-Protocol': protocol,
      });
      if (answer.status === 200) expect(answer.body).toMatch(/version 2|# service=git-upload-pack/);
      else expectSentence(answer);
    },
  );
});

describe('names that mean something else', () => {
  const NAMES = [
    '/../../../../etc/passwd',
    '/acme/../../../etc/passwd',
    '/acme/..',
    '/acme/.',
    '/acme/.git',
    '/acme/-',
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
      const answer = await caller.get(target);
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
    const answer = await caller.get(target);
    // An absolute target is the proxy's form of the same question (RFC 9112 §3.2.2): the path counts, never the host.
    if (answer.status === 200)
      expect(answer.body).toMatch(/version 2|# service=git-upload-pack|This address is for git/);
    else expect(answer.status >= 400 && answer.status < 500).toBe(true);
  });

  it.each([
    '/-/',
    '/-/-.git/info/refs?service=git-upload-pack',
    '/-/..%2f..%2fetc/passwd.git/info/refs?service=git-upload-pack',
    '/-/api/v1/repositories',
    '/-/api/v1/../../..',
    '/-/webhooks/unknown',
    '/-/webhooks/%00',
    '/-/%2e%2e/acme',
    '/-/metrics',
    '/-/healthz/..',
  ])('shows no inside at %s', async (target) => {
    const answer = await rawRequest(caller.url, requestHead('GET', target));
    expect(answer.status).toBeLessThan(500);
    expectNothingOfTheInside(answer.body);
    expect(answer.body).not.toMatch(/storefront|process_cpu/);
  });
});

it('did no harm', () => caller.expectNoHarm());
