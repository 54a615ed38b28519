import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Agent } from 'undici';
import { z } from 'zod';
import { openAgent } from '../../http/open-agent.js';
import { RestClient } from './rest-client.js';

const item = z.object({ name: z.string() });
const call = { credential: { token: 'very-secret-token' }, signal: undefined };

let server: Server;
let agent: Agent;
let base: string;
let seen: IncomingMessage[];
let script: (request: IncomingMessage, response: ServerResponse, count: number) => void;

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(request);
    script(request, response, seen.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as { port: number }).port}/2.0`;
  agent = openAgent({ connections: 4, timeoutMs: 5000 });
});

afterEach(async () => {
  await agent.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const client = (): RestClient =>
  new RestClient({
    agent,
    base,
    timeoutMs: 5000,
    times: { attempts: 3, firstWaitMs: 5, longestWaitMs: 20_000 },
  });

async function names(of = client()): Promise<string[]> {
  const found: string[] = [];
  for await (const page of of.pages('/things', { pagelen: '2' }, item, call))
    found.push(...page.map(({ name }) => name));
  return found;
}

function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    .end(JSON.stringify(body));
}

describe('reading pages', () => {
  it('follows next to the end and does not build it', async () => {
    script = ({ url }, response) =>
      json(
        response,
        url?.includes('after=')
          ? { values: [{ name: 'c' }] }
          : { values: [{ name: 'a', more: 1 }, { name: 'b' }], next: `${base}/things?after=x%2Fy` },
      );
    expect(await names()).toEqual(['a', 'b', 'c']);
    expect(seen.map(({ url }) => url)).toEqual(['/2.0/things?pagelen=2', '/2.0/things?after=x%2Fy']);
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer very-secret-token',
      accept: 'application/json',
    });
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'https://127.0.0.1/2.0/things',
    '//evil.example/2.0/things',
    '/2.0/things?page=2',
    'file:///etc/passwd',
    'nonsense',
  ])('never carries its credential to %s', async (next) => {
    script = (_, response) => json(response, { values: [], next });
    await expect(names()).rejects.toMatchObject({ code: 'primary_misbehaved' });
    expect(seen.length).toBe(1);
  });

  it.each(['/../../admin', '.evil/things', '@evil.example/2.0/', '/../2.0x/things'])(
    'stays inside the API: %s',
    async (tail) => {
      script = (_, response) => json(response, { values: [], next: `${base}${tail}` });
      await expect(names()).rejects.toMatchObject({ code: 'primary_misbehaved' });
      expect(seen.length).toBe(1);
    },
  );

  it('does not lose an item in silence', async () => {
    script = (_, response) => json(response, { values: [{ name: 'a' }, { nome: 'b' }] });
    await expect(names()).rejects.toMatchObject({ code: 'primary_misbehaved' });
  });

  it.each([
    ['text/html', '<!doctype html><title>Log in</title>'],
    ['application/json', '<html>'],
    ['application/json', '{"values":[{"name"'],
    ['application/json', '[]'],
    ['application/json', '{"values":{}}'],
    ['application/json', ''],
  ])('says that %s with %j is no page', async (type, body) => {
    script = (_, response) => response.writeHead(200, { 'content-type': type }).end(body);
    await expect(names()).rejects.toMatchObject({ code: 'primary_misbehaved' });
  });

  it('reads only so much of an answer without end', async () => {
    let written = 0;
    script = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(64 * 1024))) written += 64 * 1024;
      };
      response.on('drain', more);
      more();
    };
    await expect(names()).rejects.toMatchObject({ code: 'primary_misbehaved' });
    expect(written).toBeLessThan(32 * 1024 * 1024);
  });

  it('asks for what it has seen with its ETag, and uses it again', async () => {
    script = ({ headers }, response) => {
      if (headers['if-none-match'] === '"one"') response.writeHead(304).end();
      else json(response, { values: [{ name: 'a' }] }, 200, { etag: '"one"' });
    };
    const one = client();
    expect(await names(one)).toEqual(['a']);
    expect(await names(one)).toEqual(['a']);
    expect(seen[1]?.headers['if-none-match']).toBe('"one"');
  });

  it('shows no answer of one credential to another', async () => {
    script = ({ headers }, response) => {
      expect(headers['if-none-match']).toBeUndefined();
      json(response, { values: [] }, 200, { etag: '"one"' });
    };
    const one = client();
    await names(one);
    for await (const page of one.pages('/things', { pagelen: '2' }, item, {
      ...call,
      credential: { token: 'other' },
    }))
      void page;
    expect(seen.length).toBe(2);
  });
});

describe('patience', () => {
  it.each([429, 500, 503, 555])('asks again after a %i', async (status) => {
    script = (_, response, count) =>
      count < 3 ? json(response, {}, status) : json(response, { values: [{ name: 'a' }] });
    expect(await names()).toEqual(['a']);
  });

  it('waits as long as Retry-After says', async () => {
    script = (_, response, count) =>
      count === 1 ? json(response, {}, 429, { 'retry-after': '1' }) : json(response, { values: [] });
    const before = performance.now();
    await names();
    expect(performance.now() - before).toBeGreaterThanOrEqual(990);
  });

  it('does not hold its caller for an hour', async () => {
    script = (_, response) => json(response, {}, 429, { 'retry-after': '3600' });
    await expect(names()).rejects.toMatchObject({ code: 'primary_limited', context: { retryAfter: '3600' } });
    expect(seen.length).toBe(1);
  });

  it('ends', async () => {
    script = (_, response) => json(response, {}, 503);
    await expect(names()).rejects.toMatchObject({ code: 'primary_unavailable' });
    expect(seen.length).toBe(3);
  });

  it('ends when its caller does', async () => {
    script = (_, response) => json(response, {}, 503);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const slow = new RestClient({
      agent,
      base,
      timeoutMs: 5000,
      times: { attempts: 5, firstWaitMs: 10_000, longestWaitMs: 20_000 },
    });
    const reading = slow.pages('/things', {}, item, { ...call, signal: controller.signal }).next();
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('creates nothing twice', async () => {
    script = (_, response) => json(response, {}, 503);
    await expect(client().change('POST', '/things', {}, call)).rejects.toMatchObject({
      code: 'primary_unavailable',
    });
    expect(seen.length).toBe(1);
  });
});

describe('refusals', () => {
  it.each([
    [400, 'invalid'],
    [401, 'unauthenticated'],
    [402, 'denied'],
    [403, 'denied'],
    [404, 'not_found'],
    [409, 'conflict'],
    [410, 'not_found'],
    [418, 'primary_misbehaved'],
    [302, 'primary_misbehaved'],
  ])('of status %i are %s, with Bitbucket’s sentence', async (status, code) => {
    const error = {
      message: 'Because\u001b[31m I say so.',
      fields: { url: ['And the URL is internal.'] },
      detail: { any: 'thing' },
    };
    script = (_, response) =>
      json(response, { type: 'error', error }, status, { location: 'http://169.254.169.254/' });
    await expect(names()).rejects.toMatchObject({
      code,
      hint: 'The primary says: Because [31m I say so. And the URL is internal.',
    });
    expect(seen.length).toBe(1);
  });

  it('may be a page of HTML', async () => {
    script = (_, response) =>
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>'.repeat(10_000));
    await expect(names()).rejects.toMatchObject({ code: 'not_found', hint: undefined });
  });

  it('never show the credential', async () => {
    script = (request) => request.socket.destroy();
    const failure: unknown = await names().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'primary_unavailable' });
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain('very-secret-token');
  });

  it('tell what is missing where REST needs an e-mail', async () => {
    const reading = client()
      .pages('/things', {}, item, { ...call, credential: { token: 't', username: 'bot' } })
      .next();
    await expect(reading).rejects.toMatchObject({
      code: 'invalid',
      hint: expect.stringContaining('PRIMARY_TOKEN_EMAIL'),
    });
    expect(seen.length).toBe(0);
  });
});
