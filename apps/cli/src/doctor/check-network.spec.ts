import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkClock, checkPrimary, checkTls, knock } from './check-network.js';

describe('what the doctor sees of the network', () => {
  let server: Server;
  let url: string;
  let clockAheadMs = 0;
  let status = 404;

  beforeAll(async () => {
    server = createServer((_request, response) => {
      response.setHeader('date', new Date(Date.now() + clockAheadMs).toUTCString());
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    [0, 'ok', /agrees with the primary's/],
    [20_000, 'warn', /^ours is \d+s behind the primary's$/],
    [-20_000, 'warn', /^ours is \d+s ahead of the primary's$/],
    [600_000, 'fail', /^ours is \d+m behind/],
  ])('is a clock that is %d ms ahead of ours: %s', async (ahead, outcome, seen) => {
    clockAheadMs = ahead;
    expect(checkClock(await knock(url), "the primary's")).toMatchObject({
      outcome,
      seen: expect.stringMatching(seen),
    });
    clockAheadMs = 0;
  });

  it('is a primary that answers, whatever it says to strangers', async () => {
    const findings = await checkPrimary({ url, api: `${url}/2.0` });
    expect(findings.map(({ check, outcome }) => [check, outcome])).toEqual([
      ['primary, git', 'ok'],
      ['primary, API', 'ok'],
      ['clock', 'ok'],
    ]);
  });

  it('is a primary that is broken, or not there at all', async () => {
    status = 503;
    const [git, api] = await checkPrimary({ url, api: 'http://127.0.0.1:1' });
    status = 404;
    expect(git).toMatchObject({ outcome: 'fail', seen: `${url}/ answers (503)` });
    expect(api).toMatchObject({ outcome: 'fail', seen: expect.stringMatching(/^no answer from/) });
    expect(api?.next).toMatch(/DNS, firewall and proxy/);
  });

  it('is TLS that is not needed, that is missing, and that is none', async () => {
    expect(await checkTls(url)).toMatchObject({ outcome: 'ok' });
    expect(await checkTls('http://mirror.example')).toMatchObject({
      outcome: 'warn',
      seen: 'none: http://mirror.example is plain HTTP',
    });
    expect(await checkTls(url.replace('http:', 'https:'))).toMatchObject({
      outcome: 'fail',
      seen: expect.stringMatching(/^no TLS at/),
    });
  });
});
