import { createServer, request as send, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeCommandRequest } from '@antipode/git-wire';
import { descendants, eventually, git, tryGit } from '@antipode/testing';
import { ask, UPLOAD_PACK } from './ask.js';
import { basic, GivenEdge, READER } from './given-edge.js';

let edge: GivenEdge;
let own: Server;
let tip: string;
const seen: IncomingMessage[] = [];
const headers = { authorization: basic(READER), ...UPLOAD_PACK };

beforeAll(async () => {
  own = createServer((request, response) => {
    seen.push(request);
    response.writeHead(207, { 'x-answer': 'yes', connection: 'x-private', 'x-private': 'no' });
    request.pipe(response);
  });
  own.listen(0, '127.0.0.1');
  await once(own, 'listening');
  edge = await GivenEdge.open({
    settings: {
      REGISTRY_HTTP: `http://127.0.0.1:${(own.address() as { port: number }).port}`,
      STREAM_IDLE_SECONDS: '3',
      SHUTDOWN_SECONDS: '30',
      FETCH_CONCURRENCY: '1',
      FETCH_QUEUE: '1',
      FETCH_QUEUE_SECONDS: '1',
    },
  });
  // Noise that does not compress: larger than all buffers between git and a client that does not read.
  const id = await edge.add('acme/widget', {
    shape: { commits: 60, branches: 1, tags: 0, noise: { bytes: 1_000_000, every: 2 } },
  });
  tip = (await edge.mirrors.disk.readSnapshot(id))?.headOid ?? '';
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  own.closeAllConnections();
  own.close();
});

const fetchBody = () =>
  writeCommandRequest({ command: 'fetch', capabilities: new Map(), args: [`want ${tip}`, 'done'] });
const gits = async () =>
  (await descendants(process.pid)).filter(
    ({ argv }) => argv.includes('upload-pack') || argv.includes('pack-objects'),
  );

/** Begins a clone and reads nothing of it. */
async function beginClone(): Promise<IncomingMessage> {
  const { hostname, port } = new URL(edge.url);
  const call = send({
    hostname,
    port,
    path: '/acme/widget.git/git-upload-pack',
    method: 'POST',
    headers,
    agent: false,
  });
  call.on('error', () => undefined);
  call.end(fetchBody());
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  return response;
}

describe('a fetch', () => {
  it('ends with its client', async () => {
    const response = await beginClone();
    expect((await gits()).length).toBeGreaterThan(0);
    response.destroy();
    await eventually(async () => (await gits()).length === 0);
    await eventually(() => edge.logs.at(-1)?.['broken_off'] === true);
  });

  it('waits for a slow client without filling memory, and gives a silent one up', async () => {
    const response = await beginClone();
    response.pause();
    await sleep(500);
    expect((await gits()).length).toBeGreaterThan(0);
    // The only place is taken by the silent client: one may wait, the next is turned away at once.
    const waiting = ask(edge.url, '/acme/widget.git/git-upload-pack', {
      method: 'POST',
      headers,
      body: fetchBody(),
    });
    await sleep(100);
    const turnedAway = await ask(edge.url, '/acme/widget.git/git-upload-pack', {
      method: 'POST',
      headers,
      body: fetchBody(),
    });
    expect(turnedAway.status).toBe(503);
    expect(Number(turnedAway.headers['retry-after'])).toBeGreaterThan(0);
    expect((await waiting).status).toBe(503);
    await eventually(async () => (await gits()).length === 0, { timeoutMs: 15_000 });
  });

  it('says how fresh it is, unless the client wants no progress', async () => {
    const loud = await tryGit(
      ['clone', '--progress', '--depth=1', edge.repositoryUrl(), `${edge.folder}/loud`],
      { as: READER },
    );
    expect(loud.stderr).toMatch(/remote: antipode local: in sync with \S+ as of \d+ s ago/);
    const quiet = await tryGit(
      ['clone', '--quiet', '--depth=1', edge.repositoryUrl(), `${edge.folder}/quiet`],
      { as: READER },
    );
    expect(quiet.stderr).not.toContain('antipode');
  });

  it('is understood with sideband-all', async () => {
    const body = writeCommandRequest({
      command: 'fetch',
      capabilities: new Map(),
      args: ['sideband-all', `want ${tip}`, 'deepen 1', 'done'],
    });
    const answer = await ask(edge.url, '/acme/widget.git/git-upload-pack', { method: 'POST', headers, body });
    expect(answer.body.toString('latin1')).toMatch(/packfile\n[0-9a-f]{4}.antipode local/s);
  });

  it('is broken off where git dies in the middle', async () => {
    const response = await beginClone();
    const [one] = await gits();
    if (one) process.kill(one.pid, 'SIGKILL');
    const failure = await once(response.resume(), 'end').then(
      () => 'a clean end',
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(failure).toBe('ECONNRESET');
  });
});

describe('our own pages', () => {
  it('are relayed with their body, but without hops and with the client’s address', async () => {
    const answer = await ask(edge.url, '/-/api/v1/thing?a=b', {
      method: 'PATCH',
      headers: {
        'x-forwarded-for': '203.0.113.9',
        connection: 'close, x-secret',
        'x-secret': '1',
        'x-kept': '2',
      },
      body: 'body',
    });
    expect(answer).toMatchObject({ status: 207, headers: { 'x-answer': 'yes' } });
    expect(answer.headers['x-private']).toBeUndefined();
    expect(answer.body.toString()).toBe('body');
    const [request] = seen;
    expect(request?.url).toBe('/-/api/v1/thing?a=b');
    expect(request?.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-kept': '2' });
    expect(request?.headers['x-secret']).toBeUndefined();
  });

  it('take no body without end', async () => {
    const answer = await ask(edge.url, '/-/webhooks/x', {
      method: 'POST',
      headers: { 'content-length': String(17 * 1024 * 1024) },
    }).catch((error: NodeJS.ErrnoException) => ({ status: error.code }));
    expect([413, 'ECONNRESET']).toContain(answer.status);
  });
});

it('finishes streams before it shuts down', async () => {
  const response = await beginClone();
  let bytes = 0;
  const closing = edge.app.close();
  response.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(response, 'end');
  expect(bytes).toBeGreaterThan(10_000_000);
  await closing;
  await expect(git(['ls-remote', edge.repositoryUrl()], { as: READER })).rejects.toThrow(/connect/i);
});
