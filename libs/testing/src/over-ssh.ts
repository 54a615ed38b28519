import { runCommand, type CommandResult } from './command.js';

export interface SshIdentity {
  /** File of the private key; absent: none, or those of the agent. */
  readonly key?: string | undefined;
  /** Socket of an agent; never the one of whoever runs the tests. */
  readonly agent?: string | undefined;
  /** Hands the agent on to the server (`ssh -A`). */
  readonly forwardAgent?: true;
  /** As at a desk, where keyboard-interactive is tried as well; without it as in CI. */
  readonly desk?: true;
  /** A known_hosts file: any other host key is refused. Absent: any host key will do. */
  readonly knownHosts?: string | undefined;
  /** More of `ssh -o`. */
  readonly options?: readonly string[];
}

/** Options by which nothing of this machine's or its user's SSH configuration, keys or agents counts. */
function sshOptions({ key, agent, forwardAgent, desk, knownHosts, options = [] }: SshIdentity): string[] {
  const checked = knownHosts === undefined ? 'no' : 'yes';
  const settings = [
    'IdentitiesOnly=' + (agent === undefined ? 'yes' : 'no'),
    `IdentityAgent=${agent ?? 'none'}`,
    // Its default is the files in a person's home.
    ...(key === undefined ? ['IdentityFile=none'] : []),
    `ForwardAgent=${forwardAgent ? 'yes' : 'no'}`,
    `UserKnownHostsFile=${knownHosts ?? '/dev/null'}`,
    'GlobalKnownHostsFile=/dev/null',
    `StrictHostKeyChecking=${checked}`,
    'PreferredAuthentications=publickey,keyboard-interactive',
    'NumberOfPasswordPrompts=1',
    `BatchMode=${desk ? 'no' : 'yes'}`,
    'LogLevel=ERROR',
    ...options,
  ];
  const identity = key === undefined ? [] : ['-i', key];
  return ['-F', 'none', ...identity, ...settings.flatMap((setting) => ['-o', setting])];
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Environment for `git(args, { env: overSsh({ key }) })`: git over the real OpenSSH client. */
export const overSsh = (identity: SshIdentity): Record<string, string> => ({
  GIT_SSH_COMMAND: ['ssh', ...sshOptions(identity).map(quoted)].join(' '),
  GIT_SSH_VARIANT: 'ssh',
});

/**
 * The OpenSSH client by itself. @param url `ssh://git@host:port`
 * @param command none: as `ssh git@host` does it, without a terminal
 */
export function runSsh(
  url: string,
  identity: SshIdentity,
  command: readonly string[] = [],
): Promise<CommandResult> {
  const args = [...sshOptions(identity), '-T', url, ...command];
  return runCommand('ssh', args, {
    timeoutMs: 30_000,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });
}
