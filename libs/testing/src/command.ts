import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CommandResult {
  readonly code: number;
  /** stdout and stderr in the order in which they came. */
  readonly output: string;
}

/** Runs a program to its end and keeps what it says. @param timeoutMs after which it is killed, with exit code -1 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<CommandResult> {
  const child = spawn(file, [...args], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
  const closed = once(child, 'close');
  const [code] = (await once(child, 'exit')) as [number | null];
  // What it said last may still be on its way; but what it left behind may keep the pipe for ever.
  await Promise.race([closed, sleep(250)]);
  clearTimeout(timer);
  child.stdout.destroy();
  child.stderr.destroy();
  return { code: code ?? -1, output: Buffer.concat(said).toString() };
}
