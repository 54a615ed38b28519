import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, eventually } from '@antipode/testing';
import { run } from '../processes/run.js';
import type { SshSubject } from './ssh-subject.js';

/** One login that many commands share, so that what a command costs can be told from what a handshake costs. */
export class ControlMaster implements AsyncDisposable {
  private constructor(
    private readonly child: Child,
    /** For GIT_SSH_COMMAND. */
    readonly command: string,
  ) {}

  static async open(subject: SshSubject, folder: string): Promise<ControlMaster> {
    const socket = join(folder, `${subject.name}.sock`);
    await rm(socket, { force: true });
    const { username, hostname, port } = new URL(subject.origin);
    const to = ['-p', port, `${username}@${hostname}`];
    const child = new Child('ssh', [...sshOptions(subject), '-M', '-S', socket, '-N', ...to]);
    await eventually(async () => {
      if (child.ended) throw new Error(`ssh ended: ${child.output}`);
      await run('ssh', ['-F', 'none', '-S', socket, '-O', 'check', ...to]);
      return true;
    });
    return new ControlMaster(child, `ssh -F none -S ${socket}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.end();
  }
}

/** Nothing of this machine's SSH settings, keys or agents. */
export const sshOptions = ({ key }: SshSubject): string[] =>
  [
    ['-F', 'none', '-i', key.path],
    ...[
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'UserKnownHostsFile=/dev/null',
      'StrictHostKeyChecking=no',
      'BatchMode=yes',
      'LogLevel=ERROR',
    ].map((setting) => ['-o', setting]),
  ].flat();
