import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { auth } from '@antipode/contracts';
import {
  git,
  runCommand,
  tryGit,
  type CommandResult,
  type GitOptions,
  type GitResult,
} from '@antipode/testing';
import type { KnownKey } from './fake-neighbours.js';
import { basic, READER, type GivenEdge } from './given-edge.js';

export type KeyType = 'ed25519' | 'rsa' | 'ecdsa';

export interface GivenKey {
  /** The private key's file; the public one is beside it. */
  readonly file: string;
  /** SSH's wire format, base64: as `FakeNeighbours.keys` has it. */
  readonly blob: string;
}

export const account = (id: string): auth.KeyHolder => ({ holder: { $case: 'accountId', value: id } });
export const accessKey = (id: string): auth.KeyHolder => ({ holder: { $case: 'accessKeyId', value: id } });

/** The people of a test, each with a key of their own, and the real OpenSSH client. */
export class GivenSsh {
  constructor(private readonly edge: GivenEdge) {}

  /** @throws Error with a clear sentence where there is no OpenSSH. */
  async key(name: string, type: KeyType = 'ed25519'): Promise<GivenKey> {
    const file = join(this.edge.folder, `key-${name}`);
    const { code, output } = await runCommand('ssh-keygen', [
      '-q',
      '-t',
      type,
      '-N',
      '',
      '-C',
      name,
      '-f',
      file,
    ]).catch((error: unknown) => {
      throw new Error('This test needs OpenSSH: ssh and ssh-keygen.', { cause: error });
    });
    if (code !== 0) throw new Error(`ssh-keygen: ${output}`);
    const [, blob = ''] = (await readFile(`${file}.pub`, 'utf8')).split(' ');
    return { file, blob };
  }

  /** A key whose holder auth knows; by default one who may read what READER may. */
  async known(name: string, known: Partial<KnownKey> = {}, type: KeyType = 'ed25519'): Promise<GivenKey> {
    const key = await this.key(name, type);
    this.edge.neighbours.keys.set(key.blob, {
      holder: account(name),
      displayName: name,
      authorization: basic(READER),
      ...known,
    });
    return key;
  }

  url(path = 'acme/widget.git', port = this.edge.sshPort): string {
    return `ssh://git@127.0.0.1:${port}/${path}`;
  }

  /** ssh's options for one person: these keys and nothing of this machine. */
  options(keys: readonly GivenKey[], ...more: readonly string[]): string[] {
    // The first value of an option wins.
    return [
      ...more,
      ...['-F', '/dev/null', '-o', 'IdentitiesOnly=yes', '-o', 'StrictHostKeyChecking=no'],
      ...['-o', `UserKnownHostsFile=${join(this.edge.folder, 'known_hosts')}`, '-o', 'LogLevel=ERROR'],
      ...['-o', 'IdentityAgent=none', '-o', 'ConnectTimeout=10'],
      ...keys.flatMap(({ file }) => ['-i', file]),
    ];
  }

  /** Runs `ssh git@mirror …`. */
  run(
    keys: readonly GivenKey[],
    command: readonly string[],
    ...more: readonly string[]
  ): Promise<CommandResult> {
    return runCommand(
      'ssh',
      [...this.options(keys, ...more), '-p', String(this.edge.sshPort), 'git@127.0.0.1', ...command],
      { timeoutMs: 20_000, env: { PATH: process.env['PATH'], HOME: '/nonexistent' } },
    );
  }

  gitOptions(keys: readonly GivenKey[], options: GitOptions = {}, ...more: readonly string[]): GitOptions {
    const command = ['ssh', ...this.options(keys, ...more)].join(' ');
    return {
      timeoutMs: 30_000,
      ...options,
      env: { ...options.env, GIT_SSH_COMMAND: command, GIT_SSH_VARIANT: 'ssh' },
    };
  }

  git(
    keys: readonly GivenKey[],
    args: readonly string[],
    options: GitOptions = {},
    ...more: readonly string[]
  ): Promise<string> {
    return git(args, this.gitOptions(keys, options, ...more));
  }

  tryGit(
    keys: readonly GivenKey[],
    args: readonly string[],
    options: GitOptions = {},
    ...more: readonly string[]
  ): Promise<GitResult> {
    return tryGit(args, this.gitOptions(keys, options, ...more));
  }
}
