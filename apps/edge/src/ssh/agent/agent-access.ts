import { readFile } from 'node:fs/promises';
import type { Connection } from 'ssh2';
import { AntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import type { Caller } from '../../session/caller.js';
import { openAgentChannel } from '../ssh2-internals.js';
import { AgentOracle } from './agent-oracle.js';
import { ForwardedAgent } from './forwarded-agent.js';
import { KnownHosts } from './known-hosts.js';
import { PrimarySsh } from './primary-ssh.js';

export interface AgentAccessOptions {
  readonly primary: Pick<Primary, 'displayName' | 'sshUrl' | 'sshPath'>;
  /** The primary's host keys; without them nothing is ever sent to whoever answers at its address. */
  readonly knownHostsFile: string | undefined;
  readonly timeoutMs: number;
  readonly rememberMs: number;
}

/** What this door does with the agents that clients forward. */
export class AgentAccess {
  private constructor(
    private readonly options: AgentAccessOptions,
    private readonly ssh: PrimarySsh | undefined,
  ) {}

  /** @throws AntipodeError `internal` where the file of host keys cannot be read. */
  static async open(options: AgentAccessOptions): Promise<AgentAccess> {
    const { primary, knownHostsFile, timeoutMs } = options;
    if (knownHostsFile === undefined || primary.sshUrl === undefined)
      return new AgentAccess(options, undefined);
    const knownHosts = KnownHosts.read(await read(knownHostsFile));
    const { sshUrl: url, displayName } = primary;
    return new AgentAccess(options, new PrimarySsh({ url, displayName, knownHosts, timeoutMs }));
  }

  get use(): 'relayed' | 'off' {
    return this.ssh ? 'relayed' : 'off';
  }

  /** Undefined where no use is made of agents. */
  callerOf(client: Connection): Extract<Caller, { kind: 'agent' }> | undefined {
    if (!this.ssh) return undefined;
    const { primary, rememberMs, timeoutMs } = this.options;
    const agent = new ForwardedAgent(() => openAgentChannel(client));
    const oracle = new AgentOracle({ agent, ssh: this.ssh, primary, rememberMs, waitMs: timeoutMs });
    client.once('close', () => oracle.close());
    return { kind: 'agent', oracle };
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AntipodeError(
      'internal',
      "reading the primary's SSH host keys",
      { file },
      { cause: error, hint: `PRIMARY_SSH_KNOWN_HOSTS_FILE names ${file}, which cannot be read.` },
    );
  }
}
