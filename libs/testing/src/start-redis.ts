import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

export interface RunningRedis extends AsyncDisposable {
  readonly url: string;
  /** Takes Redis away, abruptly; what it held is lost. */
  stop(): Promise<void>;
  /** Brings it back on the same port. */
  start(): Promise<void>;
}

/** A real Redis of the test's own, in memory, on a free port. */
export async function startRedis(): Promise<RunningRedis> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'antipode-redis-'));
  let child: Child | undefined;
  const start = async (): Promise<void> => {
    const args = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      dir,
      '--save',
      '',
      '--appendonly',
      'no',
    ];
    const started = (child = new Child('redis-server', args));
    await eventually(() => answersPing(port, started));
  };
  const stop = async (): Promise<void> => child?.end('SIGKILL');
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function answersPing(port: number, child: Child): Promise<boolean> {
  if (child.ended) throw new Error(`redis-server ended: ${child.output}`);
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
  });
}
