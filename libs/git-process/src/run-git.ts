import { AntipodeError } from '@antipode/errors';
import { startGit, type StartGitOptions } from './start-git.js';

export interface RunGitOptions extends StartGitOptions {
  /** Written to git's stdin, which is then closed. */
  readonly input?: string | Buffer;
  /** More than this is an error: a caller that expects much streams instead. Default 16 MiB. */
  readonly maxOutputBytes?: number;
}

export interface GitOutput {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * Runs git to its end and returns what it printed, whatever its exit code.
 *
 * @throws AntipodeError `cancelled` when aborted, `too_large` when the output exceeds `maxOutputBytes`.
 */
export async function runGit(options: RunGitOptions): Promise<GitOutput> {
  const git = await startGit(options);
  const limit = options.maxOutputBytes ?? MAX_OUTPUT_BYTES;
  const chunks: Buffer[] = [];
  let size = 0;
  git.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) git.kill();
    else chunks.push(chunk);
  });
  git.stdin.end(options.input);
  const { code, stderr } = await git.exited;
  const command = options.args.find((arg) => !arg.startsWith('-'));
  if (size > limit) throw new AntipodeError('too_large', 'reading the output of git', { command, limit });
  if (options.signal?.aborted) throw new AntipodeError('cancelled', 'running git', { command });
  return { code: code ?? -1, stdout: Buffer.concat(chunks), stderr };
}
