import type { Socket } from 'node:net';
import type { Connection, Session as ChannelSession } from 'ssh2';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import type { Caller } from '../session/caller.js';
import { Visit } from '../session/visit.js';
import type { Commands } from './commands/commands.js';
import type { CommandLimits } from '../network/connection-limits.js';
import { Login, type Identity, type LoginOptions } from './login.js';
import { CLOSING, TOO_MANY_COMMANDS } from './sentences.js';
import { SshSession, type RunningChannel } from './ssh-session.js';
import { Stillness } from './stillness.js';

export interface SshConnectionOptions {
  readonly client: Connection;
  readonly socket: Socket;
  readonly clientAddress: string;
  readonly login: Omit<LoginOptions, 'clientAddress' | 'onGivenUp'>;
  readonly limits: SshConnectionLimits;
  readonly commands: Commands;
  readonly commandLimits: CommandLimits;
  /** The agent that this client forwards, as somebody of whom the primary can be asked; undefined where that is off. */
  readonly openAgent: (client: Connection) => Extract<Caller, { kind: 'agent' }> | undefined;
  readonly onKnown: (identity: Identity) => void;
  /** Tells the client what went wrong, where that was not told yet. */
  readonly tell: (channel: RunningChannel, error: AntipodeError) => Promise<void>;
  readonly onFinished: (finished: FinishedCommand) => void;
}

export interface SshConnectionLimits {
  /** Without a command, or in a command in which nothing moves. */
  readonly idleMs: number;
  /** Of one command. */
  readonly totalMs: number;
  readonly maxSessions: number;
}

/** A command that is over. */
export interface FinishedCommand {
  readonly channel: RunningChannel;
  readonly visit: Visit;
  readonly status: number;
  readonly startedAt: number;
}

const tracer = trace.getTracer('antipode.edge');
/** ssh2 lets a client send more than its window; what nobody reads must not fill our memory. */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;
const LINGER_MS = 2000;
/** As git's own programs when they die. */
const FAILED = 128;

/**
 * One client on one TCP connection.
 *
 *   handshake ─▶ login ─▶ known ◀─▶ commands     drain: no new command, the end after the last
 *       └──────────┴── too slow: cut
 */
export class SshConnection {
  private readonly running = new Set<RunningChannel>();
  private readonly sessions = new Map<ChannelSession, SshSession>();
  private readonly login: Login;
  private readonly stillness: Stillness;
  private agent: Extract<Caller, { kind: 'agent' }> | undefined;
  private lendsAgent = false;
  private isDraining = false;

  constructor(private readonly options: SshConnectionOptions) {
    const { client, socket, clientAddress, limits } = options;
    this.login = new Login({ ...options.login, clientAddress, onGivenUp: () => this.end() });
    this.stillness = new Stillness({ ...limits, onIdle: () => this.end() });
    client.on('authentication', (context) => void this.login.handle(context));
    client.once('ready', () => this.comeIn());
    client.on('session', (accept, reject) => this.openSession(accept, reject));
    // A vanished client, or one that speaks nonsense; its commands are given up when the socket is closed.
    client.on('error', () => this.end());
    socket.once('close', () => this.gone());
  }

  /** Takes no new command, and ends after the running ones. */
  drain(): void {
    this.isDraining = true;
    if (this.running.size === 0) this.end();
  }

  /** Gives up whatever still runs. */
  cut(): void {
    for (const channel of this.running) channel.abort(closing());
    this.end();
  }

  /** Says goodbye; a client may keep its half open for as long as it likes, but not ours. */
  private end(): void {
    const { client, socket } = this.options;
    // After an error in the protocol nothing can be said.
    try {
      client.end();
    } catch {
      socket.end();
    }
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  private gone(): void {
    this.stillness.stop();
    for (const session of this.sessions.values()) session.leave();
  }

  private comeIn(): void {
    const { socket, onKnown } = this.options;
    const identity = this.login.result;
    // ssh2 lets nobody in without our yes, and each yes of ours leaves its result; but that is another's code.
    if (!identity) return void socket.destroy();
    onKnown(identity);
    socket.on('data', () => this.requireManners());
    this.stillness.start();
  }

  private openSession(accept: () => ChannelSession, reject: () => void): void {
    const { socket, client, limits, openAgent } = this.options;
    if (this.sessions.size >= limits.maxSessions) return reject();
    const session = accept();
    session.once('close', () => this.sessions.delete(session));
    const opened = new SshSession({
      session,
      socket,
      run: (channel) => this.trace(channel),
      onAgent: () => {
        this.lendsAgent = true;
        this.agent ??= openAgent(client);
        return this.agent ? 'taken' : 'refused';
      },
    });
    this.sessions.set(session, opened);
  }

  private trace(channel: RunningChannel): Promise<number> {
    const name = `ssh ${this.options.commands.nameOf(channel)}`;
    return tracer.startActiveSpan(name, { kind: SpanKind.SERVER, root: true }, async (span) => {
      const visit = new Visit();
      const status = await this.run(channel, visit);
      span.setAttributes({ 'process.exit.code': status, 'antipode.source': visit.source });
      if (visit.repositoryId) span.setAttribute('antipode.repository_id', visit.repositoryId);
      if (visit.push) span.setAttribute('antipode.push', visit.push);
      if (status === FAILED) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
      return status;
    });
  }

  private async run(channel: RunningChannel, visit: Visit): Promise<number> {
    const startedAt = performance.now();
    this.running.add(channel);
    this.stillness.watch(channel);
    const status = await this.answer(channel, visit).catch((error: unknown) =>
      this.fail(channel, visit, error),
    );
    this.running.delete(channel);
    this.stillness.forget(channel);
    visit.bytesIn = channel.moved.in;
    this.options.onFinished({ channel, visit, status, startedAt });
    // Once the exit status is on its way.
    if (this.isDraining && this.running.size === 0) setImmediate(() => this.end());
    return status;
  }

  private async answer(channel: RunningChannel, visit: Visit): Promise<number> {
    const identity = this.login.result;
    if (!identity || this.isDraining) throw closing();
    const { commands, commandLimits, clientAddress } = this.options;
    const leave = commandLimits.enter(principalOf(identity, clientAddress));
    if (!leave) throw new AntipodeError('busy', 'starting a command', {}, { hint: TOO_MANY_COMMANDS });
    try {
      const { agent, lendsAgent } = this;
      return await commands.run(channel, { identity, agent, lendsAgent, clientAddress }, visit);
    } finally {
      leave();
    }
  }

  private async fail(channel: RunningChannel, visit: Visit, error: unknown): Promise<number> {
    const { signal } = channel.conversation;
    // Whoever was interrupted knows only that; who interrupted says why.
    const reason: unknown = signal.aborted ? signal.reason : error;
    const known = toAntipodeError(reason, 'answering a command');
    visit.error = known;
    await this.options.tell(channel, signal.aborted ? known : toAntipodeError(error, 'answering a command'));
    return FAILED;
  }

  private requireManners(): void {
    for (const { unread } of this.running) if (unread() > MOST_UNREAD_BYTES) this.options.socket.destroy();
  }
}

const closing = (): AntipodeError => new AntipodeError('busy', 'closing the door', {}, { hint: CLOSING });

const principalOf = (identity: Identity, address: string): string => {
  const holder = identity.kind === 'holder' ? identity.holder.holder : undefined;
  return holder ? `${holder.$case}:${holder.value}` : `guest:${address}`;
};
