import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { recordExchange } from './record-exchange.js';
import { replay } from './replay-client.js';

const servers: Server[] = [];

async function serve(status: (n: number) => number): Promise<{ origin: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((req, res) => {
    void (async () => {
      const body = Buffer.concat((await req.toArray()) as Buffer[]).toString();
      seen.push([req.method, req.url, req.headers['git-protocol'], body].join(' '));
      res.writeHead(status(seen.length)).end('0123456789');
    })();
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const talk = async (origin: string): Promise<void> => {
  await fetch(`${origin}/a?b=c`, { headers: { 'git-protocol': 'version=2' } });
  await fetch(`${origin}/d`, { method: 'POST', body: 'want', headers: { 'git-protocol': 'version=2' } });
};

describe('record and replay', () => {
  it('sends again what was recorded, in its order', async () => {
    const { origin, seen } = await serve(() => 200);
    const exchange = await recordExchange(origin, talk);
    const tally = await replay({ origin, exchange, clients: 1, until: { rounds: 2 } });
    const once = ['GET /a?b=c version=2 ', 'POST /d version=2 want'];
    expect(seen).toEqual([...once, ...once, ...once]);
    expect(tally).toMatchObject({ exchanges: 2, requests: 4, bytes: 40, failures: {} });
  });

  it('counts a refusal, and tries again until its rounds are done', async () => {
    const { origin } = await serve((n) => (n === 3 ? 503 : 200));
    const exchange = await recordExchange(origin, talk);
    const tally = await replay({ origin, exchange, clients: 1, until: { rounds: 1 } });
    expect(tally).toMatchObject({ exchanges: 1, failures: { 503: 1 } });
  });
});
