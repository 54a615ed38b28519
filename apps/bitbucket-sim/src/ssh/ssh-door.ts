import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import ssh2, { type CipherAlgorithm, type ClientInfo, type Connection } from 'ssh2';
import type { Simulator } from '../simulator.js';
import type { HostKey } from './host-keys.js';
import { SshConnection } from './ssh-connection.js';

export interface SshAddress {
  /** `ssh://git@host:port` */
  readonly url: string;
  /** Lines for OpenSSH's known_hosts. */
  readonly knownHosts: readonly string[];
}

/**
 * Those that OpenSSL does: without its native part, which nobody needs here, ssh2 takes twice the time for ChaCha20, and
 * that is what OpenSSH asks for first.
 */
const CIPHERS: CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
];

/** How long a client may take to prove a key. */
const LOGIN_GRACE_MS = 30_000;

/** The SSH side of the simulated host: listens, and cuts what a fault wants cut. */
export class SshDoor {
  readonly #sockets = new Map<string, Socket>();
  readonly #listener: Server;
  readonly #server: ssh2.Server;
  #sim: Simulator | undefined;

  constructor(private readonly hostKeys: readonly HostKey[]) {
    const settings = {
      hostKeys: hostKeys.map(({ privateKey }) => privateKey),
      ident: 'bitbucket-sim',
      algorithms: { cipher: CIPHERS },
    };
    this.#server = new ssh2.Server(settings, (client, info) => this.#greet(client, info));
    this.#listener = createServer((socket) => this.#accept(socket));
  }

  async listen(port: number, host: string): Promise<SshAddress> {
    this.#listener.listen(port, host);
    await once(this.#listener, 'listening');
    const taken = (this.#listener.address() as AddressInfo).port;
    const name = `[${host}]:${taken}`;
    return {
      url: `ssh://git@${host}:${taken}`,
      knownHosts: this.hostKeys.map(({ publicKey }) => `${name} ${publicKey}`),
    };
  }

  /** From here on it lets people in. */
  open(sim: Simulator): void {
    this.#sim = sim;
  }

  /** Takes no more; resolves when the last one has left. */
  async close(): Promise<void> {
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#sim?.faults.plan.down !== null) return void socket.destroy();
    const id = idOf(socket.remoteAddress, socket.remotePort);
    const forget = this.#sim.live.add(() => socket.destroy(), undefined);
    const grace = setTimeout(() => socket.destroy(), LOGIN_GRACE_MS);
    this.#sockets.set(id, socket);
    socket
      .once('proved', () => clearTimeout(grace))
      .once('close', () => {
        clearTimeout(grace);
        forget();
        this.#sockets.delete(id);
      });
    this.#server.injectSocket(socket);
  }

  /** ssh2 does not tell by which socket a connection came. */
  #greet(client: Connection, info: ClientInfo): void {
    const socket = this.#sockets.get(idOf(info.ip, info.port));
    if (!socket || !this.#sim) return void client.end();
    client.once('ready', () => socket.emit('proved'));
    new SshConnection(this.#sim, client, socket);
  }
}

const idOf = (address: string | undefined, port: number | undefined): string => `${address} ${port}`;
