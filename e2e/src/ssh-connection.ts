import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { Neighbourhood } from './neighbourhood.js';

export interface SshConnection extends AsyncDisposable {
  readonly client: ssh2.Client;
  /** Cuts the wire, as when a laptop falls asleep for ever: no goodbye of SSH's. */
  vanish(): void;
}

/** For what no decent program does. @throws Error where the door does not let it in */
export async function connectSsh(
  { house }: Pick<Neighbourhood, 'house'>,
  key: Buffer | ssh2.BaseAgent,
): Promise<SshConnection> {
  const { hostname, port, username } = new URL(house.demo.mirror.ssh);
  const socket: Socket = connect(Number(port), hostname);
  const client = new ssh2.Client();
  const ready = once(client, 'ready');
  client.connect({
    sock: socket,
    username,
    ...(Buffer.isBuffer(key) ? { privateKey: key } : { agent: key }),
    readyTimeout: 20_000,
  });
  await ready;
  client.on('error', () => undefined);
  return {
    client,
    vanish: () => socket.resetAndDestroy(),
    [Symbol.asyncDispose]: async () => {
      client.end();
      if (!socket.closed) await once(socket, 'close');
    },
  };
}
