import { mkdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Child, eventually, freePort, makeSshKey } from '@antipode/testing';
import type { SshSubject } from './ssh-subject.js';

export interface SshdOptions {
  /** The bench's own; emptied. */
  readonly folder: string;
  readonly program: string;
  /** Holds `<workspace>/<slug>.git`: the baseline's links to the mirror's own repositories. */
  readonly repositories: string;
}

/** What git's manual suggests for a server over SSH: OpenSSH, and git-shell as all that a key may do. */
export class Sshd implements AsyncDisposable {
  private constructor(
    private readonly child: Child,
    readonly subject: SshSubject,
  ) {}

  static async start({ folder, program, repositories }: SshdOptions): Promise<Sshd> {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const host = await makeSshKey(folder, 'host-key');
    const key = await makeSshKey(folder, 'caller');
    const authorized = join(folder, 'authorized_keys');
    const only = `command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"",restrict`;
    await writeFile(authorized, `${only} ${key.publicKey}\n`, { mode: 0o600 });
    const port = await freePort();
    const config = join(folder, 'sshd_config');
    await writeFile(config, settings({ port, hostKey: host.path, authorized }));
    // Where it separates privileges; Debian's service makes it.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    // -e: its log goes to stderr. Told to end, it must not take our process group along.
    const child = new Child(program, ['-D', '-e', '-f', config], { detached: true });
    await eventually(() => isListening(child));
    const origin = `ssh://${userInfo().username}@127.0.0.1:${port}${repositories}`;
    return new Sshd(child, {
      name: 'baseline',
      origin,
      key,
      parts: [{ name: 'sshd', pids: [child.pid ?? 0] }],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.end();
  }
}

const settings = (paths: { port: number; hostKey: string; authorized: string }): string =>
  [
    `Port ${paths.port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${paths.hostKey}`,
    `AuthorizedKeysFile ${paths.authorized}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'AcceptEnv GIT_PROTOCOL',
    'MaxSessions 100',
    '',
  ].join('\n');

function isListening(child: Child): boolean {
  if (child.ended) throw new Error(`sshd ended: ${child.output}`);
  return child.output.includes('Server listening');
}
