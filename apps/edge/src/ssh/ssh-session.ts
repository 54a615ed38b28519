import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { ServerChannel, Session as ChannelSession } from 'ssh2';
import { readProtocolVersion } from '@antipode/git-wire';
import { AntipodeError } from '@antipode/errors';
import { ChannelInput } from './channel-input.js';
import { ChannelOutput, writeAll } from './channel-output.js';
import type { Conversation } from './conversation.js';

/** What a client asks a channel to do. */
export type ChannelRequest =
  | { readonly kind: 'shell' }
  | { readonly kind: 'exec'; readonly command: string }
  | { readonly kind: 'subsystem'; readonly name: string };

/** One command on one channel, from its start to its exit status. */
export interface RunningChannel {
  readonly request: ChannelRequest;
  readonly conversation: Conversation;
  readonly hasTerminal: boolean;
  /** Gives the command up: its conversation's signal aborts with this reason. */
  abort(reason: AntipodeError): void;
  /** Bytes that the client has sent and nobody has read. */
  unread(): number;
  /** Bytes in both directions so far. */
  readonly moved: { readonly in: number; readonly out: number };
}

export interface SshSessionOptions {
  readonly session: ChannelSession;
  readonly socket: Socket;
  /** Resolves to the exit status; must not reject. */
  readonly run: (channel: RunningChannel) => Promise<number>;
  /** The client lends its agent to this connection. */
  readonly onAgent: () => 'taken' | 'refused';
}

/** Longer values are no list of keys and values that git has. */
const LONGEST_PROTOCOL = 256;

/**
 * One "session" channel (RFC 4254, section 6): what comes before the command, and the command.
 *
 * Of the client's environment exactly one variable is taken, and a terminal means nothing here but line ends.
 */
export class SshSession {
  private protocol: string | undefined;
  private hasTerminal = false;
  private isStarted = false;
  /** The client is gone, at least from this channel. */
  private readonly gone = new AbortController();
  /** The command is to end, though somebody may still hear why. */
  private readonly stopped = new AbortController();

  constructor(private readonly options: SshSessionOptions) {
    const { session } = options;
    session.on('env', (accept, reject, { key, val }) => {
      if (key !== 'GIT_PROTOCOL' || val.length > LONGEST_PROTOCOL) return void reject?.();
      this.protocol = val;
      accept?.();
    });
    session.on('pty', (accept) => {
      this.hasTerminal = true;
      accept?.();
    });
    session.on('auth-agent', (accept, reject) => {
      if (options.onAgent() === 'taken') accept?.();
      else reject?.();
    });
    session.on('shell', (accept) => this.start({ kind: 'shell' }, accept));
    session.on('exec', (accept, _, { command }) => this.start({ kind: 'exec', command }, accept));
    session.on('subsystem', (accept, _, { name }) => this.start({ kind: 'subsystem', name }, accept));
    // The channel itself says "close" only after all of its input was read; this one says it at once.
    (session as EventEmitter).on('close', () => this.leave());
    session.on('signal', () => this.abort(new AntipodeError('cancelled', 'the client asked to end')));
  }

  private abort(reason: AntipodeError): void {
    this.stopped.abort(reason);
  }

  /** The client is gone, from this channel or altogether. */
  leave(): void {
    const reason = new AntipodeError('cancelled', 'the client is gone');
    this.stopped.abort(reason);
    this.gone.abort(reason);
  }

  private start(request: ChannelRequest, accept: () => ServerChannel | undefined): void {
    // A channel runs one command; ssh2 lets a second one through where the first was refused.
    if (this.isStarted) return;
    this.isStarted = true;
    const channel = accept();
    if (channel) void this.converse(request, channel);
  }

  private async converse(request: ChannelRequest, channel: ServerChannel): Promise<void> {
    // Its errors are those of whoever writes: ChannelOutput hears them.
    channel.on('error', () => undefined);
    channel.stderr.on('error', () => undefined);
    const { socket } = this.options;
    const { signal } = this.stopped;
    const stdin = new ChannelInput(channel);
    const stdout = new ChannelOutput(channel, socket, signal);
    const stderr = new ChannelOutput(channel.stderr, socket, this.gone.signal);
    const status = await this.options.run({
      request,
      conversation: { stdin, stdout, stderr, signal, protocol: readProtocolVersion(this.protocol) },
      hasTerminal: this.hasTerminal,
      abort: (reason) => this.abort(reason),
      unread: () => channel.readableLength,
      get moved() {
        return { in: stdin.bytesRead, out: stdout.bytesTaken + stderr.bytesTaken };
      },
    });
    channel.exit(status);
    channel.end();
  }
}

/** Longer than a client that listens needs to take a sentence. */
const SAY_MS = 2000;

/** Says something on stderr; a client that is gone, or that does not read, hears nothing. */
export async function say({ conversation, hasTerminal }: RunningChannel, text: string): Promise<void> {
  const line = text.endsWith('\n') ? text : `${text}\n`;
  const { stderr } = conversation;
  if (stderr.destroyed) return;
  const said = writeAll(stderr, hasTerminal ? line.replaceAll('\n', '\r\n') : line).catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, SAY_MS)));
  await Promise.race([said, patience]);
  clearTimeout(timer);
}
