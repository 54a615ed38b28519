import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Agent } from 'undici';
import { openAgent } from '../http/open-agent.js';
import { LfsClient } from './lfs-client.js';
import type { LfsQuestion } from './primary-lfs.js';

const object = { oid: 'a'.repeat(64), size: 12 };
const other = { oid: 'b'.repeat(64), size: 3 };
const question: LfsQuestion = {
  path: 'acme/widget',
  authorization: 'Basic d2hvOnNlY3JldA==',
  operation: 'download',
  objects: [object],
};
const link = { href: 'https://media.example/%7Ex?a=b%2Fc', header: { 'X-Key': 'k' }, expires_in: 900 };

describe('asking a host’s LFS server', () => {
  let server: Server;
  let agent: Agent;
  let client: LfsClient;
  let seen: { request: IncomingMessage; body: string }[] = [];
  let answer: RequestListener;

  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        seen.push({ request, body });
        answer(request, response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const timeoutMs = 1000;
    agent = openAgent({ connections: 2, timeoutMs });
    const base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    client = new LfsClient({ agent, timeoutMs, gitUrl: (path) => `${base}/${path}` });
  });
  beforeEach(() => {
    seen = [];
  });
  afterAll(async () => {
    await agent.destroy();
    server.closeAllConnections();
    server.close();
  });

  const answerWith = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
    answer = (_, response) =>
      void response
        .writeHead(status, { 'content-type': 'application/vnd.git-lfs+json', ...headers })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
  };

  it('asks below ".git", with the caller’s header byte for byte and for basic transfers', async () => {
    answerWith(200, { transfer: 'basic', objects: [{ ...object, actions: { download: link } }] });
    expect(await client.batch({ ...question, ref: 'refs/heads/main' })).toEqual({
      transfer: 'basic',
      objects: [{ ...object, actions: { download: link } }],
    });
    expect(seen[0]?.request.url).toBe('/acme/widget.git/info/lfs/objects/batch');
    expect(seen[0]?.request.headers).toMatchObject({
      authorization: question.authorization,
      accept: 'application/vnd.git-lfs+json',
      'content-type': 'application/vnd.git-lfs+json',
    });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      operation: 'download',
      transfers: ['basic'],
      ref: { name: 'refs/heads/main' },
      objects: [object],
      hash_algo: 'sha256',
    });
  });

  it('shows no credential where the caller has none', async () => {
    answerWith(200, { objects: [object] });
    await client.batch({ ...question, authorization: undefined });
    expect(seen[0]?.request.headers.authorization).toBeUndefined();
  });

  it('drops what nobody asked for', async () => {
    answerWith(200, { objects: [{ ...other, actions: { download: link } }, object] });
    expect((await client.batch(question)).objects).toEqual([object]);
  });

  it.each([
    [401, 'unauthenticated'],
    [403, 'denied'],
    [404, 'not_found'],
    [405, 'unsupported'],
    [413, 'too_large'],
    [422, 'invalid'],
    [429, 'primary_limited'],
    [501, 'unsupported'],
    [500, 'primary_unavailable'],
    [507, 'denied'],
    [509, 'primary_limited'],
    [302, 'primary_misbehaved'],
  ])('takes %i for %s', async (status, code) => {
    answerWith(status, { message: 'Because.' }, { location: 'http://127.0.0.1:1/', 'retry-after': '7' });
    await expect(client.batch(question)).rejects.toMatchObject({
      code,
      context: { status, retryAfter: '7' },
    });
    expect(seen).toHaveLength(1);
  });

  it('passes on the host’s sentence, on one line', async () => {
    answerWith(403, { message: 'You may not\n\u001b[31mdo that.' });
    await expect(client.batch(question)).rejects.toMatchObject({
      hint: 'The primary says: You may not [31mdo that.',
    });
  });

  it.each([
    ['a page', '<html>Please log in</html>'],
    ['another transfer', { transfer: 'media', objects: [] }],
    ['no objects', { transfer: 'basic' }],
    ['an answer without end', JSON.stringify({ objects: [], padding: 'x'.repeat(400_000) })],
  ])('takes %s for nonsense', async (_, body) => {
    answerWith(200, body);
    await expect(client.batch(question)).rejects.toMatchObject({ code: 'primary_misbehaved' });
  });

  it('asks once more where a kept connection was closing', async () => {
    let first = true;
    answer = (request, response) => {
      if (first) request.socket.destroy();
      else response.end(JSON.stringify({ objects: [object] }));
      first = false;
    };
    expect((await client.batch(question)).objects).toEqual([object]);
  });

  it('gives up on a silent host, and says nothing of who asked', async () => {
    answer = () => undefined;
    const failure: unknown = await client.batch(question).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'primary_unavailable' });
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain('d2hvOnNlY3JldA');
  });

  it('stops when its caller does', async () => {
    await expect(client.batch(question, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('sends no header that could start another', async () => {
    await expect(client.batch({ ...question, authorization: 'Basic x\r\nX-Evil: 1' })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(seen).toEqual([]);
  });
});
