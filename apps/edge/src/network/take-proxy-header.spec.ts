import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { takeProxyHeader } from './take-proxy-header.js';

const server = createServer({ allowHalfOpen: true });
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

async function pair(): Promise<{ client: Socket; arrived: Socket } & AsyncDisposable> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [arrived] = (await once(server, 'connection')) as [Socket];
  return {
    client,
    arrived,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      arrived.destroy();
      await Promise.resolve();
    },
  };
}

const HEADER = 'PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n';

describe('taking the PROXY header off a socket', () => {
  it('leaves every byte after it to the next reader, and no listener', async () => {
    await using sockets = await pair();
    const before = ['readable', 'end', 'close'].map((name) => sockets.arrived.listenerCount(name));
    sockets.client.write(`${HEADER}one`);
    expect(await takeProxyHeader(sockets.arrived, 1000)).toEqual({ kind: 'header', source: '192.0.2.1' });
    expect(['readable', 'end', 'close'].map((name) => sockets.arrived.listenerCount(name))).toEqual(before);
    sockets.client.end(' two');
    const chunks: Buffer[] = [];
    sockets.arrived.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(sockets.arrived, 'end');
    expect(Buffer.concat(chunks).toString()).toBe('one two');
  });

  it('waits for no longer than it may', async () => {
    await using sockets = await pair();
    sockets.client.write(HEADER.slice(0, 10));
    expect(await takeProxyHeader(sockets.arrived, 50)).toEqual({ kind: 'nothing' });
  });

  it('is over where the socket is', async () => {
    await using ended = await pair();
    ended.client.end(HEADER.slice(0, 10));
    expect(await takeProxyHeader(ended.arrived, 5000)).toEqual({ kind: 'nothing' });
    await using broken = await pair();
    const taken = takeProxyHeader(broken.arrived, 5000);
    broken.client.destroy();
    expect(await taken).toEqual({ kind: 'nothing' });
  });

  it('reads no more than a header may have', async () => {
    await using sockets = await pair();
    sockets.client.write(`PROXY UNKNOWN ${'x'.repeat(100_000)}`);
    expect(await takeProxyHeader(sockets.arrived, 1000)).toEqual({ kind: 'other' });
  });
});
