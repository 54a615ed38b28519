import type { auth } from '@antipode/contracts';
import type { GitService, RepositoryPath, Right } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import type { LfsOperation } from '../../lfs/lfs-token.js';
import { callUnary } from '@antipode/rpc';
import type { Caller } from '../../session/caller.js';
import type { Hallway, Session } from '../../session/hallway.js';
import type { Visit } from '../../session/visit.js';
import type { Command } from '../conversation.js';
import type { Identity } from '../login.js';
import { parseCommand } from '../parse-command.js';
import {
  greeting,
  greetingForGuest,
  guestSentence,
  NO_LFS_TRANSFER,
  NO_SUBSYSTEM,
  NO_SUCH_COMMAND,
  type Names,
} from '../sentences.js';
import type { LfsAuthenticate } from './lfs-authenticate.js';
import { say, type RunningChannel } from '../ssh-session.js';

/** Who runs a command, and from where. */
export interface Runner {
  readonly identity: Identity;
  /** Of a client that forwards its agent. */
  readonly agent: Extract<Caller, { kind: 'agent' }> | undefined;
  /** Whether the client forwards an agent, even where this mirror makes no use of it. */
  readonly lendsAgent: boolean;
  readonly clientAddress: string;
}

export interface CommandsOptions {
  readonly hallway: Hallway;
  readonly client: auth.AuthServiceClient;
  readonly names: Names;
  readonly pushes: 'relay' | 'refuse';
  readonly services: Readonly<Record<GitService, Command>>;
  readonly lfsAuthenticate: LfsAuthenticate;
}

/** What a command was, for the log and the metrics: a closed set. */
export type CommandName =
  GitService | 'shell' | 'subsystem' | 'lfs_authenticate' | 'lfs_transfer' | 'unknown';

const NOTICE_TIMEOUT_MS = 2000;
const REFUSED = 1;
const NOT_FOUND = 127;

/** Everything that somebody who has come in may ask for. */
export class Commands {
  constructor(private readonly options: CommandsOptions) {}

  nameOf({ request }: RunningChannel): CommandName {
    if (request.kind !== 'exec') return request.kind;
    const parsed = parseCommand(request.command);
    return parsed.kind === 'git' ? parsed.service : parsed.kind;
  }

  /**
   * Resolves to the exit status.
   *
   * @throws AntipodeError which has not been said to the client yet.
   */
  async run(channel: RunningChannel, runner: Runner, visit: Visit): Promise<number> {
    const { request } = channel;
    if (request.kind === 'shell') return this.greet(channel, runner);
    if (request.kind === 'subsystem') return refuse(channel, NO_SUBSYSTEM);
    const parsed = parseCommand(request.command);
    switch (parsed.kind) {
      case 'unknown':
        return refuse(channel, NO_SUCH_COMMAND, NOT_FOUND);
      case 'lfs_transfer':
        return refuse(channel, NO_LFS_TRANSFER);
      case 'lfs_authenticate':
        return this.lfs(channel, runner, { ...parsed, visit });
      case 'git':
        return this.git(channel, runner, { ...parsed, visit });
    }
  }

  private async greet(channel: RunningChannel, { identity }: Runner): Promise<number> {
    const { names } = this.options;
    return refuse(
      channel,
      identity.kind === 'holder' ? greeting(identity.displayName, names) : greetingForGuest(names),
    );
  }

  private async git(
    channel: RunningChannel,
    runner: Runner,
    { service, path, visit }: { service: GitService; path: string; visit: Visit },
  ): Promise<number> {
    const right = service === 'git-receive-pack' ? 'write' : 'read';
    const session = await this.enter(channel, runner, { right, path, visit });
    return this.options.services[service](channel.conversation, session);
  }

  private async lfs(
    channel: RunningChannel,
    runner: Runner,
    { operation, path, visit }: { operation: LfsOperation; path: string; visit: Visit },
  ): Promise<number> {
    const right = operation === 'upload' ? 'write' : 'read';
    const session = await this.enter(channel, runner, { right, path, visit });
    return this.options.lfsAuthenticate(channel.conversation, session, operation);
  }

  private async enter(
    { conversation: { signal } }: RunningChannel,
    runner: Runner,
    { right: wanted, path, visit }: { right: Right; path: string; visit: Visit },
  ): Promise<Session> {
    const caller = callerOf(runner, wanted);
    if (!caller) throw await this.refuseGuest(runner, path, wanted);
    const right = wanted === 'write' && this.willRefuse(caller) ? 'read' : wanted;
    const { clientAddress } = runner;
    return this.options.hallway.enter({ path, caller, right, clientAddress, signal, visit });
  }

  /** Who only hears why a push, or an upload, is refused needs no more than the right to read. */
  private willRefuse(caller: Caller): boolean {
    return this.options.pushes === 'refuse' || isAccessKey(caller);
  }

  /** The same for every repository, whether or not it exists. */
  private async refuseGuest(
    { identity, lendsAgent }: Runner,
    written: string,
    right: 'read' | 'write',
  ): Promise<AntipodeError> {
    if (identity.kind === 'guest' && identity.because !== 'no_known_key') return identity.because;
    const path = this.options.names.primary.parseRepositoryPath(written);
    if (path !== undefined) await this.notice(path);
    return new AntipodeError(
      'unauthenticated',
      'entering without a known key',
      {},
      { hint: guestSentence({ right, path, lendsAgent }, this.options.names) },
    );
  }

  /** An access key that was added a moment ago is known the sooner. */
  private async notice(repositoryPath: RepositoryPath): Promise<void> {
    await callUnary(
      this.options.client,
      'noticeUnknownKeys',
      { repositoryPath },
      { timeoutMs: NOTICE_TIMEOUT_MS },
    ).catch(() => undefined);
  }
}

/** An access key reads only; for a push the agent, where there is one, may know better. */
function callerOf({ identity, agent }: Runner, right: 'read' | 'write'): Caller | undefined {
  if (identity.kind !== 'holder') return agent;
  return right === 'write' && isAccessKey(identity) && agent ? agent : identity;
}

const isAccessKey = (caller: Caller): boolean =>
  caller.kind === 'holder' && caller.holder.holder?.$case === 'accessKeyId';

async function refuse(channel: RunningChannel, sentence: string, status = REFUSED): Promise<number> {
  await say(channel, sentence);
  return status;
}
