import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the program reads; pulled as fast as it reads, so it may be larger than memory. */
  readonly input?: Iterable<Buffer>;
}

/**
 * Runs a program to its end and gives back what it printed on stdout.
 *
 * @throws Error with the program's last words when it does not end with 0.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'close') as Promise<[number | null]>;
  // The exit status says more than a broken pipe does.
  const fed = options.input && child.stdin ? pipeline(Readable.from(options.input), child.stdin) : undefined;
  const [stdout, stderr, [status]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    exit,
    fed?.catch(() => undefined),
  ]);
  if (status === 0) return stdout;
  throw new Error(
    `${command} ${args[0] ?? ''} ended with ${String(status)}: ${(stderr + stdout).trim().slice(-2000)}`,
  );
}

async function textOf(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
