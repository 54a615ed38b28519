import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { descendants, eventually, git, openScratch, tryGit } from '@antipode/testing';
import { basic, SimUnderTest } from './open-sim.js';

describe('faults on request', () => {
  let sim: SimUnderTest;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
    const cleartext = randomBytes(3_000_000).toString('base64');
    await sim.control('POST', '/repositories/acme/warehouse/commit', { files: { 'noise.txt': cleartext } });
  });
  afterAll(() => sim[Symbol.asyncDispose]());
  afterEach(() => sim.control('DELETE', '/faults'));

  const path = '/repositories/acme/storefront';
  const fault = (plan: object) => sim.control('PUT', '/faults', plan);
  const lsRemote = () => tryGit(['ls-remote', sim.repository('acme/storefront')], { as: sim.git('walter') });

  it('answer the next requests with a status, then heal', async () => {
    await fault({ fail: [{ class: 'rest', status: 429, times: 2, retryAfterSeconds: 7 }] });
    const answers = [
      await sim.get(path, 'walter'),
      await sim.get(path, 'walter'),
      await sim.get(path, 'walter'),
    ];

    expect(answers.map(({ status }) => status)).toEqual([429, 429, 200]);
    expect(answers[0]?.headers.get('retry-after')).toBe('7');
  });

  it('aim at one class, path, method and operation', async () => {
    await fault({
      fail: [
        { class: 'git', operation: 'upload-pack', status: 503 },
        { path: '/checkout-api', method: 'GET', status: 500, body: 'html' },
      ],
    });

    expect((await sim.get(path, 'walter')).status).toBe(200);
    const other = await sim.get('/repositories/acme/checkout-api', 'walter');
    expect([other.status, other.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8']);
    expect((await lsRemote()).stderr).toContain('503');
    const probe = await fetch(`${sim.repository('acme/storefront')}/info/refs?service=git-upload-pack`, {
      headers: { authorization: basic('x-token-auth', sim.mirrorToken) },
    });
    expect(probe.status).toBe(200);
  });

  it('slow one class down', async () => {
    await fault({ latencyMs: { rest: 250 } });
    const started = Date.now();
    await sim.get(path, 'walter');

    expect(Date.now() - started).toBeGreaterThanOrEqual(245);
  });

  it('break REST and git answers off in the middle', async () => {
    await fault({ truncate: [{ class: 'rest', afterBytes: 20, times: 1 }] });
    await expect(sim.get(path, 'walter')).rejects.toThrow();
    expect((await sim.get(path, 'walter')).status).toBe(200);

    await using scratch = await openScratch();
    await fault({
      truncate: [{ class: 'git', operation: 'upload-pack', path: 'warehouse', afterBytes: 100_000 }],
    });
    const clone = await tryGit(['clone', '--quiet', sim.repository('acme/warehouse'), scratch.file('copy')], {
      as: sim.git('walter'),
    });
    expect(clone.code).not.toBe(0);
  });

  it('refuse pushes and changes in a read-only outage, and serve the rest', async () => {
    await using scratch = await openScratch();
    await git(['clone', '--quiet', sim.repository('acme/handbook'), scratch.file('work')], {
      as: sim.git('walter'),
    });
    await fault({ readOnly: true });
    const push = await tryGit(['push', 'origin', 'HEAD:x'], {
      cwd: scratch.file('work'),
      as: sim.git('walter'),
    });

    expect(push.stderr).toContain('read-only');
    expect((await lsRemote()).code).toBe(0);
    expect((await sim.rest('PUT', path, { as: 'olivia', body: { description: 'x' } })).status).toBe(503);
    expect((await sim.get(path, 'olivia')).status).toBe(200);
  });

  it('take everything down, by an answer or by cutting connections; the control API stays', async () => {
    await fault({ down: 'unavailable' });
    expect((await sim.get(path, 'walter')).status).toBe(503);
    expect((await lsRemote()).stderr).toContain('503');
    await fault({ down: 'destroy' });
    await expect(sim.get(path, 'walter')).rejects.toThrow();
    expect((await lsRemote()).code).not.toBe(0);
    await sim.control('DELETE', '/faults');
    expect((await lsRemote()).code).toBe(0);
  });

  it('refuse a plan that makes no sense, and say what is wrong', async () => {
    await expect(fault({ fail: [{ status: 200 }] })).rejects.toThrow(/fail\.0\.status/);
    await expect(fault({ nonsense: 1 })).rejects.toThrow(/400/);
  });

  it('cut the git answers of a token when it is revoked', async () => {
    const token = await sim.control('POST', '/tokens', { kind: 'workspace', scopes: ['repository'] });
    await using stalled = await stalledFetch(sim, token.secret);
    const { broken } = await sim.control('DELETE', `/tokens/${token.id}?streams=break`);

    expect(broken).toBe(1);
    await eventually(() => stalled.closed);
  });

  it('slow git down with a slow client, and leave no process behind a gone one', async () => {
    const gits = async () =>
      (await descendants(process.pid)).filter(({ argv }) => argv.some((arg) => arg.includes('upload-pack')));
    const stalled = await stalledFetch(sim, sim.mirrorToken);
    // The pack is far longer than all buffers on its way, so git must be waiting.
    expect((await gits()).length).toBeGreaterThan(0);
    await stalled[Symbol.asyncDispose]();

    await eventually(async () => (await gits()).length === 0);
  });
});

/** A client that asks for a pack of some megabytes and does not read it. */
async function stalledFetch(sim: SimUnderTest, token: string) {
  const { tip } = await sim.control('GET', '/repositories/acme/warehouse/refs');
  const body = `0011command=fetch0001000fno-progress0032want ${tip}\n0009done\n0000`;
  const { hostname, port } = new URL(sim.url);
  const socket = connect(Number(port), hostname);
  const stalled = { closed: false, [Symbol.asyncDispose]: () => Promise.resolve(void socket.destroy()) };
  socket.on('close', () => (stalled.closed = true)).on('error', () => undefined);
  socket.write(
    `POST /acme/warehouse.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic('x-token-auth', token)}\r\n` +
      `Git-Protocol: version=2\r\nContent-Type: application/x-git-upload-pack-request\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const [head] = (await once(socket)) as [Buffer];
  if (!head.toString('latin1').startsWith('HTTP/1.1 200'))
    throw new Error(head.toString('latin1').slice(0, 200));
  socket.pause();
  await sleep(50); // time for the simulator to run into the full socket
  return stalled;
}

const once = (socket: ReturnType<typeof connect>): Promise<unknown[]> =>
  new Promise((resolve, reject) => socket.once('data', (data) => resolve([data])).once('error', reject));
