import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { pingRedis } from './redis.js';

it('gives up on a Redis that takes connections and says nothing', async () => {
  const sockets = new Set<Socket>();
  const mute = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as AddressInfo;
  await expect(pingRedis(`redis://:secret@127.0.0.1:${port}`, 200)).rejects.toThrow();
  for (const socket of sockets) socket.destroy();
  mute.close();
});
