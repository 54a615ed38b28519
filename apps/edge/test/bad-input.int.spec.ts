import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processesStarted } from '@antipode/git-process';
import { DELIM, FLUSH, writeCommandRequest, writePacket } from '@antipode/git-wire';
import { ask, INFO_REFS, UPLOAD_PACK } from './ask.js';
import { basic, GivenEdge, READER } from './given-edge.js';

let edge: GivenEdge;
const headers = { authorization: basic(READER) };

beforeAll(async () => {
  edge = await GivenEdge.open({ settings: { REQUEST_MAX_MIB: '4', STREAM_IDLE_SECONDS: '2' } });
  await edge.add();
});
afterAll(async () => edge[Symbol.asyncDispose]());

const post = (body: Buffer | string, more: Readonly<Record<string, string>> = {}) =>
  ask(edge.url, '/acme/widget.git/git-upload-pack', {
    method: 'POST',
    headers: { ...headers, ...UPLOAD_PACK, ...more },
    body,
  });

/** Everything after the path; what the server says until it hangs up. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(edge.url).port), '127.0.0.1', () => socket.write(text));
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString())).on('error', () => undefined);
    socket.on('close', () => resolve(heard));
  });
}

/** Sends these chunks for as long as the connection takes them. */
function endlessly(head: string, chunk: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(edge.url).port), '127.0.0.1');
    let heard = '';
    const pour = (): void => {
      while (socket.writable && socket.write(chunk));
    };
    socket.write(head);
    pour();
    socket.on('drain', pour).on('error', () => undefined);
    socket.on('data', (bytes) => (heard += bytes.toString())).on('end', () => socket.destroy());
    socket.on('close', () => resolve(heard));
  });
}

const oneSentence = /^[A-Z][^\n]*\.\n$/;

describe('a body that git would not send', () => {
  it.each([
    ['no packets', 'hello world, this is no pkt-line'],
    ['an impossible length', '0003'],
    ['a cut packet', '0010abc'],
    ['no flush', writePacket('command=ls-refs\n')],
    ['an unknown command', Buffer.concat([writePacket('command=rm-rf\n'), FLUSH])],
    [
      'an unknown argument',
      Buffer.concat([writePacket('command=ls-refs\n'), DELIM, writePacket('bogus\n'), FLUSH]),
    ],
    [
      'a want that is no object name',
      Buffer.concat([writePacket('command=fetch\n'), DELIM, writePacket('want main\n'), FLUSH]),
    ],
    [
      'an option for a want',
      Buffer.concat([writePacket('command=fetch\n'), DELIM, writePacket('--upload-pack=id\n'), FLUSH]),
    ],
  ])('with %s is a 400 and one sentence, and starts nothing', async (_, body) => {
    const before = processesStarted();
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toMatch(oneSentence);
    expect(processesStarted()).toBe(before);
  });

  it('is cut off where it is a gzip bomb', async () => {
    const before = process.memoryUsage().rss;
    const bomb = gzipSync(Buffer.alloc(512 * 1024 * 1024, '0000'), { level: 9 });
    const answer = await post(bomb, { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(900 * 1024 * 1024);
  });

  it.each([
    ['broken gzip', { 'content-encoding': 'gzip' }, 400],
    ['an unknown encoding', { 'content-encoding': 'br' }, 415],
    ['an unknown content type', { 'content-type': 'application/json' }, 415],
    ['no content type', { 'content-type': '' }, 415],
  ])('with %s is refused', async (_, more, status) => {
    const answer = await post('0000', more);
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).toMatch(oneSentence);
  });

  it('is cut off where it never ends', async () => {
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.alloc(65_536, '0004')),
    });
    const answer = await fetch(`${edge.url}/acme/widget.git/git-upload-pack`, {
      method: 'POST',
      headers: { ...headers, ...UPLOAD_PACK },
      body: endless,
      duplex: 'half',
    }).then(
      (response) => response.status,
      () => 'cut off',
    );
    expect([413, 'cut off']).toContain(answer);
  });

  it('is given up where it stops in the middle', async () => {
    const head = `POST /acme/widget.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nAuthorization: ${headers.authorization}\r\n`;
    const heard = await raw(
      `${head}Content-Type: ${UPLOAD_PACK['content-type']}\r\nContent-Length: 100\r\n\r\n0014`,
    );
    expect(heard).toMatch(/^HTTP\/1\.1 504/);
  });

  it('may hold thousands of wants', async () => {
    const tip = (await edge.mirrors.disk.readSnapshot(edge.mirrors.selected[0]?.id ?? ''))?.headOid ?? '';
    const wants = Array.from({ length: 20_000 }, () => `want ${tip}`);
    const answer = await post(
      writeCommandRequest({ command: 'fetch', capabilities: new Map(), args: [...wants, 'done'] }),
    );
    expect(answer.status).toBe(200);
    expect(answer.body.includes('PACK')).toBe(true);
    const missing = Array.from({ length: 5000 }, (_, i) => `want ${i.toString(16).padStart(40, '0')}`);
    const refused = await post(
      writeCommandRequest({ command: 'fetch', capabilities: new Map(), args: [...missing, 'done'] }),
    );
    expect(refused.body.toString()).toContain('ERR');
  });
});

it('lets a client that is still sending hear why it is refused', async () => {
  const part = 'x'.repeat(65_536);
  const head = [
    'POST /acme/widget.git/git-upload-pack HTTP/1.1',
    'Host: mirror.example',
    `Authorization: ${headers.authorization}`,
    'Content-Type: application/x-git-upload-pack-request',
    'Transfer-Encoding: chunked',
    '\r\n',
  ].join('\r\n');
  for (let i = 0; i < 10; i += 1) {
    const heard = await endlessly(head, `${part.length.toString(16)}\r\n${part}\r\n`);
    expect(heard).toMatch(/^HTTP\/1\.1 413 /);
    expect(heard).toMatch(/\.\n$/);
  }
});

describe('a request that git would not make', () => {
  it.each([
    '/acme/../../etc/passwd',
    '/acme/%2e%2e/%2e%2e/etc',
    '/acme%2fwidget.git',
    '/acme/widget%00.git',
    '/acme/widget%0a.git',
    '/acme/wid%ff',
    '/acme/widget%',
    '/acme/%252e%252e',
    '/acme\\widget.git',
    '//acme/widget.git',
    '/./acme/widget.git',
    '/acme/widget.git/objects/../..',
    '/-x/.git',
    '/antipode/snapshot',
    '/acme/widget.git.git',
    `/${'a'.repeat(5000)}/b`,
  ])('for the path %s is a 404 for whoever has a credential and a 401 for others', async (path) => {
    const answer = await ask(edge.url, `${path}${INFO_REFS}`, { headers });
    expect([404, 401]).toContain(answer.status);
    expect((await ask(edge.url, `${path}${INFO_REFS}`)).status).toBe(401);
  });

  it.each([
    ['GET', '/acme/widget.git/info/refs', 403],
    ['GET', '/acme/widget.git/info/refs?service=git-upload-archive', 403],
    ['GET', '/acme/widget.git/HEAD', 403],
    ['GET', '/acme/widget.git/objects/info/packs', 403],
    ['PUT', '/acme/widget.git/info/refs?service=git-upload-pack', 405],
    ['GET', '/acme/widget.git/git-upload-pack', 405],
    ['DELETE', '/acme/widget.git', 405],
    ['OPTIONS', '*', 400],
    ['GET', '/', 200],
    ['GET', '/acme/widget', 200],
    ['POST', '/acme/widget.git/info/lfs/objects/batch', 422],
  ])('%s %s is a %i', async (method, path, status) => {
    const answer = await ask(edge.url, path, { method, headers });
    expect(answer.status).toBe(status);
    if (path.includes('lfs')) expect(JSON.parse(answer.body.toString())).toHaveProperty('message');
    else expect(answer.body.toString().length).toBeGreaterThan(10);
  });

  it('with huge headers is a 431 and one sentence', async () => {
    const answer = await ask(edge.url, `/acme/widget.git${INFO_REFS}`, {
      headers: { 'x-long': 'x'.repeat(40_000) },
    });
    expect(answer.status).toBe(431);
    expect(answer.body.toString()).toMatch(oneSentence);
  });

  it.each(['nonsense\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'])(
    'that is no HTTP (%j) is a 400',
    async (text) => {
      expect(await raw(text)).toMatch(/^HTTP\/1\.1 400/);
    },
  );

  it('reaches nothing but /-/ behind the proxy of our own pages', async () => {
    for (const path of ['/-/../internal', '/-/%2e%2e/internal', '/-/..%2f..']) {
      expect([404, 503]).toContain((await ask(edge.url, path)).status);
    }
    expect((await ask(edge.url, '/-/../internal')).status).toBe(404);
  });
});

it('still serves afterwards', async () => {
  expect(
    (await post(writeCommandRequest({ command: 'ls-refs', capabilities: new Map(), args: [] }))).status,
  ).toBe(200);
});
