import { once } from 'node:events';
import { createServer } from 'node:net';

/** How many ports one house uses, from its base on. */
const PORTS = 18;
/** Below the range from which the kernel takes ports for outgoing connections. */
const LOWEST = 18_000;
const HIGHEST = 32_000;

/** A base from which a whole house fits. Chosen at random, so that two test runs on one machine seldom meet. */
export async function freePortBase(): Promise<number> {
  for (;;) {
    const base = LOWEST + Math.floor((Math.random() * (HIGHEST - LOWEST)) / PORTS) * PORTS;
    const free = await Promise.all(Array.from({ length: PORTS }, (_, offset) => isFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
