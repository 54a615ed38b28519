import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';

/** Nothing of the machine's or the user's git configuration may change what the simulator answers. */
export function gitEnvironment(config: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  // The simulator may run as another user than the one who owns its data.
  const pairs = Object.entries({ 'safe.directory': '*', 'gc.auto': '0', ...config });
  const entries = pairs.flatMap(([key, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, key],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ]);
  return {
    PATH: process.env['PATH'],
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_COUNT: String(pairs.length),
    ...(Object.fromEntries(entries) as Record<string, string>),
  };
}

export interface GitRun {
  readonly input?: string | Buffer;
  /** Exit codes that are answers, not failures. */
  readonly accept?: readonly number[];
}

/** Runs one git command in a bare repository and returns its standard output. */
export async function runGit(
  repositoryPath: string,
  args: readonly string[],
  run: GitRun = {},
): Promise<string> {
  const child = spawn('git', ['--git-dir', repositoryPath, ...args], {
    env: gitEnvironment(),
    stdio: 'pipe',
  });
  // A command that fails early closes its input; its exit code tells the story.
  child.stdin.on('error', () => undefined);
  child.stdin.end(run.input ?? '');
  const [stdout, stderr, [status]] = await Promise.all([
    buffer(child.stdout),
    buffer(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  if (![0, ...(run.accept ?? [])].includes(status ?? -1)) {
    throw new Error(`git ${args[0] ?? ''} ended with ${status}: ${stderr.toString('utf8').trim()}`);
  }
  return stdout.toString('utf8');
}
