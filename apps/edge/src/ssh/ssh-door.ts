import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import ssh2, { type ClientInfo, type Connection } from 'ssh2';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import { isGitService } from '@antipode/domain';
import { writeErrorPacket } from '@antipode/git-wire';
import type { Logger } from '@antipode/service-kit';
import { Arrivals } from '../network/arrivals.js';
import type { NetworkList } from '../network/network-list.js';
import { notServed, type Networks } from '../network/networks.js';
import { peerOf } from '../network/peer.js';
import type { SshMetrics } from '../telemetry/ssh-metrics.js';
import type { Traffic } from '../telemetry/traffic.js';
import { ALGORITHMS } from './algorithms.js';
import { BrokenOff } from './broken-off.js';
import { writeAll } from './channel-output.js';
import type { Commands } from './commands/commands.js';
import type { CommandLimits, ConnectionLimits } from '../network/connection-limits.js';
import type { HostKey, HostKeyRing } from './host-keys.js';
import { loginInstructions, sentenceFor, type Names } from './sentences.js';
import { hasNativeCrypto, offerNoSha1 } from './ssh2-internals.js';
import { SshConnection, type FinishedCommand, type SshConnectionOptions } from './ssh-connection.js';
import { say, type RunningChannel } from './ssh-session.js';
import { turnAway } from './turn-away.js';

export interface SshDoorOptions {
  readonly host: string;
  readonly port: number;
  /** Each connection begins with a PROXY header of one of these; undefined where there is no proxy. */
  readonly proxies: NetworkList | undefined;
  readonly networks: Networks;
  readonly hostKeys: HostKeyRing;
  readonly shutdownMs: number;
  readonly names: Names;
  readonly keys: SshConnectionOptions['login']['keys'];
  readonly maxTries: number;
  /** From the first byte until it is known who comes. */
  readonly loginMs: number;
  readonly limits: SshConnectionOptions['limits'];
  readonly connectionLimits: ConnectionLimits;
  readonly commandLimits: CommandLimits;
  readonly commands: Commands;
  readonly openAgent: SshConnectionOptions['openAgent'];
  readonly metrics: SshMetrics;
  readonly traffic: Traffic;
  readonly logger: Logger;
}

const KEEPALIVE_MS = 30_000;
const KEEPALIVES_MISSED = 4;

/** The SSH door. It opens and drains by itself: SSH holds connections for minutes where HTTP does not. */
export class SshDoor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: Server;
  private readonly arrivals: Arrivals | undefined;
  private readonly connections = new Set<SshConnection>();
  private ssh: InstanceType<typeof ssh2.Server> | undefined;
  /** Sockets whose client has not said its version yet, by address and port. */
  private readonly arriving = new Map<string, Arrived>();

  constructor(private readonly options: SshDoorOptions) {
    const { proxies, logger } = options;
    this.arrivals = proxies && new Arrivals({ door: 'ssh', proxies, turnAway, logger });
    this.server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.arrive(socket));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { host, port, hostKeys, logger } = this.options;
    const keys = await hostKeys.open();
    this.ssh = this.openProtocol(keys);
    this.server.listen(port, host);
    try {
      await once(this.server, 'listening');
    } catch (error) {
      throw new AntipodeError(
        'internal',
        'opening the SSH port',
        { host, port },
        { cause: error, hint: `Cannot listen on ${host}:${port} (SSH).` },
      );
    }
    logger.info({ host, port: this.port, fingerprints: hostKeys.fingerprints }, 'SSH door open');
    if (!hasNativeCrypto())
      logger.warn({}, 'the SSH door has no native ciphers: they run in JavaScript, which is slower');
  }

  /** Takes no new connection; commands have their time, then they are cut. */
  async beforeApplicationShutdown(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.arrivals?.close();
    for (const { socket } of this.arriving.values()) socket.destroy();
    for (const connection of this.connections) connection.drain();
    const timer = setTimeout(() => {
      for (const connection of this.connections) connection.cut();
    }, this.options.shutdownMs);
    await closed;
    clearTimeout(timer);
  }

  private openProtocol(keys: readonly HostKey[]): InstanceType<typeof ssh2.Server> {
    const server = new ssh2.Server({
      hostKeys: keys.map(({ privateKey }) => privateKey),
      // Its types ask for lists that may be changed.
      algorithms: ALGORITHMS,
      ident: 'Antipode',
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVES_MISSED,
    });
    server.on('connection', (client: Connection, { ip, port }: ClientInfo) =>
      this.meet(client, `${ip} ${port}`),
    );
    server.on('error', (error: Error) => this.options.logger.warn({ err: error }, 'SSH door'));
    return server;
  }

  /** A socket, of which nothing is known but its address, which may be a proxy's. */
  private arrive(socket: Socket): void {
    // It may vanish at any moment; whoever reads from it learns that by its end.
    socket.on('error', () => undefined);
    if (this.arrivals) void this.arrivals.meet(socket, () => this.admit(socket));
    else this.admit(socket);
  }

  private admit(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    if (!this.ssh || remoteAddress === undefined) return void socket.destroy();
    const { address } = peerOf(socket);
    if (!this.options.networks.serves(address)) {
      this.options.metrics.refused('network');
      return turnAway(socket, notServed(address, this.options.names.primary.displayName));
    }
    const place = this.options.connectionLimits.enter(address);
    if (!place) {
      this.options.metrics.refused('room');
      // Before its version a server may say what it likes (RFC 4253, section 4.2); `ssh -v` shows it.
      return void socket.end('Too many connections. Try again later.\r\n', () => socket.destroy());
    }
    const timer = setTimeout(() => socket.destroy(), this.options.loginMs);
    const name = `${remoteAddress} ${remotePort}`;
    const known = (): void => {
      clearTimeout(timer);
      place.known();
    };
    this.arriving.set(name, { socket, address, known });
    socket.once('close', () => {
      clearTimeout(timer);
      place.leave();
      this.arriving.delete(name);
    });
    this.ssh.injectSocket(socket);
  }

  /** A client that speaks SSH. */
  private meet(client: Connection, name: string): void {
    const arrived = this.arriving.get(name);
    // Its socket was cut a moment ago.
    if (!arrived) return void client.on('error', () => undefined).end();
    this.arriving.delete(name);
    offerNoSha1(client);
    const { names, keys, maxTries, limits, commands, commandLimits, openAgent, metrics } = this.options;
    const { socket, address } = arrived;
    const connection = new SshConnection({
      client,
      socket,
      clientAddress: address,
      login: { keys, maxTries, instructions: loginInstructions(names) },
      limits,
      commands,
      commandLimits,
      openAgent,
      onKnown: (identity) => {
        arrived.known();
        metrics.loggedIn(identity.kind);
      },
      tell: (channel, error) => this.tell(channel, error),
      onFinished: (finished) => this.goodbye(finished),
    });
    this.connections.add(connection);
    socket.once('close', () => this.connections.delete(connection));
  }

  /**
   * One sentence for the person at the terminal. git shows an error packet without talk of access rights, and other
   * programs show stderr; in the middle of an answer only stderr is left.
   */
  private async tell(channel: RunningChannel, error: AntipodeError): Promise<void> {
    const sentence = sentenceFor(error, this.options.names);
    const { stdout } = channel.conversation;
    const command = this.options.commands.nameOf(channel);
    const isBetweenAnswers = command === 'git-upload-pack' && !(error instanceof BrokenOff);
    if (isGitService(command) && !stdout.destroyed && (isBetweenAnswers || channel.moved.out === 0))
      return writeAll(stdout, writeErrorPacket(sentence)).catch(() => undefined);
    await say(channel, sentence);
  }

  /** The one log line of a command. */
  private goodbye({ channel, visit, status, startedAt }: FinishedCommand): void {
    const ms = performance.now() - startedAt;
    const command = this.options.commands.nameOf(channel);
    const { source, bytesIn, error } = visit;
    const bytesOut = channel.moved.out;
    this.options.metrics.finished({ command, source, status, bytesIn, bytesOut, seconds: ms / 1000 });
    if (isGitService(command))
      this.options.traffic.served({ door: 'ssh', visit, isAnswered: status === 0, bytesOut });
    const known = error === undefined ? undefined : toAntipodeError(error, 'answering a command');
    const line = {
      door: 'ssh',
      command,
      status,
      repository_id: visit.repositoryId,
      source,
      protocol: visit.protocol,
      epoch: visit.epoch,
      passed_because: visit.passedBecause,
      push: visit.push,
      ...(visit.outage ? { outage: true } : {}),
      principal: visit.principal?.slice(0, 12),
      bytes_in: bytesIn,
      bytes_out: bytesOut,
      ms: Math.round(ms * 10) / 10,
      steps_ms: visit.stepsMs,
      code: known?.code,
    };
    const isExpected = !known || isRefusal(known.code) || known.code === 'cancelled';
    if (isExpected) this.options.logger.info(line, 'command');
    else this.options.logger.warn({ ...line, err: known }, 'command');
  }
}

interface Arrived {
  readonly socket: Socket;
  readonly address: string;
  /** To be called once it is known who this is. */
  readonly known: () => void;
}
