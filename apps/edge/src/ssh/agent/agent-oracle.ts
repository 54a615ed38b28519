import { randomUUID } from 'node:crypto';
import type { BaseAgent, Client, ClientChannel } from 'ssh2';
import type { RepositoryPath } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { FLUSH, PacketReader, readErrorPacket, writeProtocolVersion } from '@antipode/git-wire';
import { judgeRefusal, type Primary } from '@antipode/primary';
import type { Oracle, RemoteCommand, RemoteEnd, RemoteService } from '../../session/caller.js';
import { readChunk } from '../read-chunk.js';
import type { PrimarySsh } from './primary-ssh.js';

export interface AgentOracleOptions {
  readonly agent: BaseAgent;
  readonly ssh: Pick<PrimarySsh, 'connect'>;
  readonly primary: Pick<Primary, 'sshPath'>;
  /** How long a yes is believed within the connection. */
  readonly rememberMs: number;
  /** Longest wait for the first packet of the primary's answer. */
  readonly waitMs: number;
}

const REFUSAL_BYTES = 4096;

/**
 * What the primary says to whoever holds the keys of one forwarded agent. It belongs to one connection of that client:
 * its one connection to the primary, and its verdicts, end with it.
 */
export class AgentOracle implements Oracle {
  readonly principal = `agent-${randomUUID()}`;
  private readonly allowedUntilMs = new Map<RepositoryPath, number>();
  private connection: Promise<Client> | undefined;

  constructor(private readonly options: AgentOracleOptions) {}

  close(): void {
    this.connection?.then((client) => client.end()).catch(() => undefined);
  }

  /** A push is judged by the primary when it comes; here it is asked whether the repository may be seen at all. */
  async authorize(path: RepositoryPath, _: unknown, signal: AbortSignal): Promise<void> {
    if ((this.allowedUntilMs.get(path) ?? 0) > Date.now()) return;
    const patience = AbortSignal.timeout(this.options.waitMs);
    const asked = { service: 'git-upload-pack', path, protocol: 2 } as const;
    const service = await this.run({ ...asked, signal: AbortSignal.any([signal, patience]) });
    try {
      await requireFirstPacket(service, signal);
    } catch (error) {
      if (patience.aborted) throw new AntipodeError('primary_unavailable', 'asking the primary over SSH');
      throw error;
    } finally {
      service.stdin.end(FLUSH);
      service.close();
    }
    this.allowedUntilMs.set(path, Date.now() + this.options.rememberMs);
  }

  forget(path: RepositoryPath): void {
    this.allowedUntilMs.delete(path);
  }

  async run({ service, path, protocol, signal }: RemoteCommand): Promise<RemoteService> {
    const client = await this.connect();
    // The grammar of paths has no quote in it; the primary's shell sees one word.
    const command = `${service} '/${this.options.primary.sshPath(path)}'`;
    const env = protocol === 0 ? {} : { GIT_PROTOCOL: writeProtocolVersion(protocol) };
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.exec(command, { env }, (error, opened) => {
        if (error) reject(new AntipodeError('primary_unavailable', 'starting a command on the primary'));
        else resolve(opened);
      });
    });
    return serviceOf(channel, signal);
  }

  /** One connection for all that this client asks; a lost one is made anew. */
  private connect(): Promise<Client> {
    const { ssh, agent } = this.options;
    this.connection ??= ssh.connect(agent).then((client) => {
      client.once('close', () => (this.connection = undefined));
      return client;
    });
    this.connection.catch(() => (this.connection = undefined));
    return this.connection;
  }
}

function serviceOf(channel: ClientChannel, signal: AbortSignal): RemoteService {
  channel.on('error', () => undefined);
  let end: RemoteEnd | undefined;
  channel.once('exit', (status: number | null, name?: string) => {
    end = status === null ? { signal: String(name) } : { status };
  });
  const ended = new Promise<RemoteEnd | undefined>((resolve) => channel.once('close', () => resolve(end)));
  const close = (): void => channel.close();
  signal.addEventListener('abort', close, { once: true });
  void ended.then(() => signal.removeEventListener('abort', close));
  return { stdin: channel, stdout: channel, stderr: channel.stderr, ended, close };
}

/** The first packet of an advertisement, of whatever version, is the primary's yes. */
async function requireFirstPacket(service: RemoteService, signal: AbortSignal): Promise<void> {
  const { stdout, stderr, ended } = service;
  const reader = new PacketReader();
  for (;;) {
    const packet = reader.next();
    if (packet) {
      const refusal = packet.kind === 'data' ? readErrorPacket(packet.data) : undefined;
      if (refusal !== undefined) throw refused(refusal);
      return;
    }
    const chunk = await readChunk(stdout, signal);
    if (chunk) {
      reader.push(chunk);
      continue;
    }
    // What it says on stderr may come after the end of what it says on stdout.
    await ended;
    throw refused(((stderr.read() as Buffer | null) ?? '').toString().slice(0, REFUSAL_BYTES));
  }
}

/** In the words of the primary where it has some for the caller; otherwise hidden and missing look the same. */
function refused(sentence: string): AntipodeError {
  const verdict = judgeRefusal('text/plain', sentence);
  return verdict.kind === 'denied'
    ? new AntipodeError('denied', 'asking the primary over SSH', {}, { hint: verdict.message })
    : new AntipodeError('not_found', 'asking the primary over SSH');
}
