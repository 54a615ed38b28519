/** Short local commands on one bare repository. Each throws `disk_full` or `mirror_damaged` where git fails. */
import { mkdir } from 'node:fs/promises';
import { AntipodeError } from '@antipode/errors';
import { SETTINGS, type ConfiguredCommand } from './commands.js';
import { requireDiskSpace } from './disk-full.js';
import { runGit, type GitOutput } from './run-git.js';

export interface LocalGitOptions {
  readonly args: readonly string[];
  readonly input?: string | Buffer;
  readonly signal?: AbortSignal;
  readonly settings?: ConfiguredCommand;
  readonly maxOutputBytes?: number;
}

/** Runs git in a repository, whatever its exit code. */
export function gitIn(
  repository: string,
  { settings = 'local', ...options }: LocalGitOptions,
): Promise<GitOutput> {
  return runGit({
    ...options,
    cwd: repository,
    env: { GIT_DIR: repository },
    config: SETTINGS[settings],
    priority: settings === 'maintain' ? 'low' : 'normal',
    onAbort: 'tidy',
  });
}

/** Runs git in a repository and insists that it ends well. */
export async function gitOk(repository: string, options: LocalGitOptions): Promise<Buffer> {
  const { code, stdout, stderr } = await gitIn(repository, options);
  if (code === 0) return stdout;
  const doing = `running git ${options.args[0] ?? ''}`;
  requireDiskSpace(stderr, doing);
  // Somebody killed it: that says nothing about the repository.
  if (code < 0) throw new AntipodeError('internal', doing, { problem: 'killed' });
  throw new AntipodeError('mirror_damaged', doing, { exitCode: code, stderr: stderr.slice(-1000) });
}

/** Makes a folder, which may exist, an empty bare repository. */
export async function initBare(repository: string, objectFormat: 'sha1' | 'sha256'): Promise<void> {
  await mkdir(repository, { recursive: true });
  // No template: sample hooks and descriptions are files that nobody needs a thousand times.
  await gitOk(repository, {
    args: ['init', '--quiet', '--bare', '--template=', `--object-format=${objectFormat}`, repository],
  });
}

/** Which of these objects are not in the repository. */
export async function missingObjects(repository: string, oids: readonly string[]): Promise<string[]> {
  if (oids.length === 0) return [];
  const stdout = await gitOk(repository, {
    args: ['cat-file', '--batch-check=%(objectname)'],
    input: `${oids.join('\n')}\n`,
    maxOutputBytes: oids.length * 80 + 1024,
  });
  const missing = / missing$/;
  return stdout
    .toString('latin1')
    .split('\n')
    .filter((line) => missing.test(line))
    .map((line) => line.replace(missing, ''));
}

/** True where everything that the given tips need is there; `known` tips are taken to be so. */
export async function isConnected(
  repository: string,
  tips: { oids: readonly string[]; known: 'refs' | 'none'; signal?: AbortSignal },
): Promise<boolean> {
  const { code } = await gitIn(repository, {
    args: [
      'rev-list',
      '--objects',
      '--stdin',
      '--quiet',
      ...(tips.known === 'refs' ? ['--not', '--all'] : []),
      '--',
    ],
    input: `${tips.oids.join('\n')}\n`,
    ...(tips.signal ? { signal: tips.signal } : {}),
  });
  return code === 0;
}
