import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { descendants, eventually } from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { rawRequest, requestHead, type Bytes } from '../src/raw-request.js';
import { expectSentence, packet, RudeCaller, v2Fetch } from '../src/rude-caller.js';

const OID = '1'.repeat(40);

let here: Neighbourhood;
let caller: RudeCaller;

beforeAll(async () => {
  here = await sharedHouse('calm');
  caller = await RudeCaller.arrive(here);
}, 240_000);

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
    ['an unknown argument', v2Fetch('be-nice')],
    ['a want that is no oid', v2Fetch('want ../../etc/passwd')],
    ['an oid that is too long', v2Fetch(`want ${'1'.repeat(41)}`)],
    ['a depth below zero', v2Fetch(`want ${OID}`, 'deepen -5')],
    ['a depth beyond numbers', v2Fetch(`want ${OID}`, `deepen ${'9'.repeat(40)}`)],
    ['a filter that is none', v2Fetch(`want ${OID}`, 'filter nothing:at-all')],
    ['a filter with a path', v2Fetch(`want ${OID}`, 'filter sparse:oid=HEAD:../../x')],
    ['a ref prefix with a zero byte', `${packet('command=ls-refs')}0001${packet('ref-prefix a\0b')}0000`],
  ];

  it.each(BODIES)('refuses %s over v2', async (_name, body) => {
    const answer = await caller.post({ body });
    // git's own refusal is an ERR packet in a 200; what goes wrong before that is a 4xx.
    if (answer.status === 200) expect(answer.body).toMatch(/ERR |^0000$|^$/);
    else expectSentence(answer);
  });

  it.each(BODIES)('refuses %s over v0', async (_name, body) => {
    const answer = await caller.post({ body, headers: { 'Git-Protocol': 'version=0' } });
    if (answer.status === 200) expect(answer.body).toMatch(/ERR |^0000$|^$/);
    else expectSentence(answer);
  });

  it('ends a conversation that never comes to its point', async () => {
    const answer = await caller.post({
      body: '',
      headers: { 'Content-Length': String(2 ** 40) },
      options: { then: endless(packet(`want ${OID}`).repeat(1000)), timeoutMs: 60_000 },
    });
    expectSentence(answer);
  }, 90_000);

  it('ends a chunked one as well', async () => {
    const chunk = packet(`have ${OID}`).repeat(1000);
    const head = requestHead('POST', `${caller.path}/git-upload-pack`, {
      Authorization: caller.authorization,
      'Content-Type': 'application/x-git-upload-pack-request',
      'Transfer-Encoding': 'chunked',
    });
    const answer = await rawRequest(caller.url, head, {
      then: endless(`${chunk.length.toString(16)}\r\n${chunk}\r\n`),
      timeoutMs: 60_000,
    });
    expectSentence(answer);
  }, 90_000);

  it('does not inflate a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024, '0032want '), { level: 9 });
    const headers = { 'Content-Encoding': 'gzip' };
    expectSentence(await caller.post({ body: bomb, headers, options: { timeoutMs: 60_000 } }));
    // Several, as members of one stream and side by side.
    const many = await Promise.all(
      Array.from({ length: 5 }, () =>
        caller.post({ body: Buffer.concat([bomb, bomb, bomb]), headers, options: { timeoutMs: 60_000 } }),
      ),
    );
    // There is so much memory for bodies and no more: who comes too late is told to come again.
    for (const answer of many) expectSentence(answer.status === 503 ? { ...answer, status: 429 } : answer);
  }, 120_000);

  it.each([
    ['gzip that is none', 'gzip', 'not gzip at all'],
    ['gzip that ends too early', 'gzip', gzipSync(v2Fetch(`want ${OID}`)).subarray(0, 15)],
    ['brotli', 'br', 'x'],
    ['gzip twice', 'gzip, gzip', gzipSync(gzipSync(v2Fetch('done')))],
    ['an encoding with a long name', 'x'.repeat(2000), 'x'],
  ] as [string, string, Bytes][])('refuses %s', async (_name, encoding, body) => {
    expectSentence(await caller.post({ body, headers: { 'Content-Encoding': encoding } }));
  });

  it('takes thousands of wants, and refuses those that nobody has', async () => {
    const tips = Object.values((await here.sim.refs(`${here.house.workspace}/storefront`)).refs);
    const wants = Array.from({ length: 20_000 }, (_, i) => packet(`want ${tips[i % tips.length] ?? ''}\n`));
    const good = await caller.post({
      body: `${packet('command=fetch')}0001${wants.join('')}${packet('done')}0000`,
      options: { timeoutMs: 30_000 },
    });
    expect(good.status).toBe(200);
    const strange = Array.from({ length: 20_000 }, (_, i) =>
      packet(`want ${(i + 1).toString(16).padStart(40, 'a')}\n`),
    );
    const bad = await caller.post({
      body: `${packet('command=fetch')}0001${strange.join('')}${packet('done')}0000`,
      options: { timeoutMs: 30_000 },
    });
    if (bad.status === 200) expect(bad.body).toMatch(/not our ref|ERR /);
    else expectSentence(bad);
  }, 90_000);
});

describe('callers without manners', () => {
  it('serves others while a hundred connections say nothing, or half a sentence', async () => {
    const { hostname, port } = new URL(caller.url);
    const silent = Array.from({ length: 100 }, (_, i) => {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      if (i % 2)
        socket.write(`GET ${caller.path}/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\nX-Slow: `);
      return socket;
    });
    await caller.askPolitely();
    for (const socket of silent) socket.destroy();
  });

  it('stops git when a caller hangs up in the middle of a pack', async () => {
    const tips = Object.values((await here.sim.refs(`${here.house.workspace}/storefront`)).refs);
    const { hostname, port } = new URL(caller.url);
    const body = v2Fetch(...tips.map((tip) => `want ${tip}`), 'done');
    const head = requestHead('POST', `${caller.path}/git-upload-pack`, {
      Authorization: caller.authorization,
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
    await eventually(async () => (await descendants(edge)).length === 0, {
      timeoutMs: 10_000,
      everyMs: 100,
    });
  });
});

it('did no harm', () => caller.expectNoHarm());

async function* endless(part: string): AsyncGenerator<string> {
  for (;;) yield part;
}
