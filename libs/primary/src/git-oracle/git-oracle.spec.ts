import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Agent } from 'undici';
import { openAgent } from '../http/open-agent.js';
import type { Verdict } from '../primary.js';
import { askGit } from './git-oracle.js';

const TIMEOUT_MS = 1500;
const PATH = 'acme/widget';
let open: { close: () => Promise<void> }[] = [];

afterEach(async () => {
  for (const thing of open) await thing.close();
  open = [];
});

async function given(listener: RequestListener): Promise<{ url: string; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(request);
    listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/${PATH}.git`, seen };
}

function ask(
  url: string,
  options: { right?: 'read' | 'write'; authorization?: string; signal?: AbortSignal } = {},
): Promise<Verdict> {
  const agent: Agent = openAgent({ connections: 2, timeoutMs: TIMEOUT_MS });
  open.unshift({ close: () => agent.destroy() });
  const question = { url, path: PATH, right: options.right ?? 'read', authorization: options.authorization };
  return askGit(question, { agent, timeoutMs: TIMEOUT_MS }, options.signal);
}

const ADVERTISEMENT = { 'content-type': 'application/x-git-upload-pack-advertisement' };

describe('asking a git endpoint for access', () => {
  it('asks for an advertisement in protocol version 2, with the caller’s header byte for byte', async () => {
    const { url, seen } = await given((_, response) =>
      response.writeHead(200, ADVERTISEMENT).end('000eversion 2\n0000'),
    );
    const authorization = 'Basic  d2VpcmQ6wqM= \u00a3';
    expect(await ask(url, { authorization })).toEqual({ kind: 'allowed' });
    expect(seen[0]?.url).toBe(`/${PATH}.git/info/refs?service=git-upload-pack`);
    expect(seen[0]?.headers).toMatchObject({ authorization, 'git-protocol': 'version=2' });
  });

  it('asks for receive-pack where the caller wants to write', async () => {
    const type = { 'content-type': 'application/x-git-receive-pack-advertisement' };
    const { url, seen } = await given((_, response) => response.writeHead(200, type).end());
    expect(await ask(url, { right: 'write' })).toEqual({ kind: 'allowed' });
    expect(seen[0]?.url).toContain('service=git-receive-pack');
    expect(seen[0]?.headers.authorization).toBeUndefined();
  });

  it.each([
    [401, {}, { kind: 'unauthenticated' }],
    [404, {}, { kind: 'not_found' }],
    [410, {}, { kind: 'not_found' }],
    [403, {}, { kind: 'not_found' }],
  ])('takes a %i for a no', async (status, headers, verdict) => {
    const { url } = await given((_, response) => response.writeHead(status, headers).end());
    expect(await ask(url)).toEqual(verdict);
  });

  it.each([
    [200, { 'content-type': 'text/html' }, 'primary_misbehaved'],
    [200, { 'content-type': 'application/x-git-receive-pack-advertisement' }, 'primary_misbehaved'],
    [204, {}, 'primary_misbehaved'],
    [301, { location: 'http://169.254.169.254/' }, 'primary_misbehaved'],
    [302, { location: '/login' }, 'primary_misbehaved'],
    [400, {}, 'primary_misbehaved'],
    [429, { 'retry-after': '7' }, 'primary_limited'],
    [500, {}, 'primary_unavailable'],
    [503, {}, 'primary_unavailable'],
    [555, {}, 'primary_unavailable'],
  ])('takes a %i (%j) for no answer', async (status, headers, code) => {
    const { url, seen } = await given((_, response) => response.writeHead(status, headers).end('<html>'));
    await expect(ask(url, { authorization: 'Basic c2VjcmV0' })).rejects.toMatchObject({ code });
    expect(seen.length).toBe(1);
  });

  it('reads no more of an endless 403 than it needs', async () => {
    let written = 0;
    const { url } = await given((_, response) => {
      response.writeHead(403, { 'content-type': 'text/plain' });
      const more = (): void => {
        while (!response.destroyed && response.write('no '.repeat(5000))) written += 15_000;
      };
      response.on('drain', more);
      more();
    });
    const verdict = await ask(url);
    expect(verdict).toMatchObject({ kind: 'denied' });
    expect((verdict as { message: string }).message.length).toBeLessThanOrEqual(1024);
    expect(written).toBeLessThan(8 * 1024 * 1024);
  });

  it('gives its verdict without waiting for a long advertisement', async () => {
    const { url } = await given((_, response) => {
      response.writeHead(200, ADVERTISEMENT);
      response.write('0');
    });
    const before = performance.now();
    expect(await ask(url)).toEqual({ kind: 'allowed' });
    expect(performance.now() - before).toBeLessThan(TIMEOUT_MS);
  });

  it('gives up on a host that says nothing', async () => {
    const { url } = await given(() => undefined);
    await expect(ask(url)).rejects.toMatchObject({ code: 'primary_unavailable' });
  });

  it('gives up when its caller does', async () => {
    const { url } = await given(() => undefined);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    await expect(ask(url, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('says so where nobody listens', async () => {
    const { url } = await given(() => undefined);
    await open[0]?.close();
    await expect(ask(url)).rejects.toMatchObject({ code: 'primary_unavailable' });
  });

  it('says so where the answer is no HTTP', async () => {
    const server = createTcpServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({ close: () => new Promise((resolve) => server.close(() => resolve())) });
    const { port } = server.address() as { port: number };
    await expect(ask(`http://127.0.0.1:${port}/x.git`)).rejects.toMatchObject({ code: 'primary_misbehaved' });
  });

  it('asks once more where a kept connection was just being closed', async () => {
    let asked = 0;
    const { url } = await given((request, response) => {
      asked += 1;
      if (asked === 1) request.socket.destroy();
      else response.writeHead(200, ADVERTISEMENT).end();
    });
    expect(await ask(url)).toEqual({ kind: 'allowed' });
  });

  it.each(['Basic a\r\nX-Evil: 1', 'Basic \u0000', 'Basic \u20ac', `Basic ${'a'.repeat(20_000)}`, ''])(
    'never sends a credential that would break the header: %j',
    async (authorization) => {
      const { url, seen } = await given((_, response) => response.writeHead(200, ADVERTISEMENT).end());
      expect(await ask(url, { authorization })).toEqual({ kind: 'unauthenticated' });
      expect(seen.length).toBe(0);
    },
  );

  it('shows the credential in none of its errors', async () => {
    const { url } = await given((request) => request.socket.destroy());
    const failure: unknown = await ask(url, { authorization: 'Basic c2VjcmV0LXRva2Vu' }).catch(
      (error: unknown) => error,
    );
    const { inspect } = await import('node:util');
    expect(inspect(failure, { depth: 10 })).not.toContain('c2VjcmV0');
  });
});
