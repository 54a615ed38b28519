import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AntipodeError } from '@antipode/errors';
import { configEnv, type ConfigPair } from './config-env.js';
import { ownerEnv } from './kill-orphans.js';

export interface StartGitOptions {
  /** The git command and its arguments, without "git" itself. Nothing secret: `ps` shows it. */
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Settings of this process alone; the place for secrets. */
  readonly config?: readonly ConfigPair[];
  /** Added to the small environment that every git process gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Aborting kills the whole process group. */
  readonly signal?: AbortSignal;
  /**
   * kill: at once, for readers (default). tidy: git first gets a moment to remove its locks and temporary files.
   */
  readonly onAbort?: 'kill' | 'tidy';
  /** low: others of this machine come first (nice). */
  readonly priority?: 'normal' | 'low';
}

export interface GitExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last part of what git said, bounded. */
  readonly stderr: string;
}

export interface RunningGit {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process has ended and its output is closed; never rejects. */
  readonly exited: Promise<GitExit>;
  /** Kills the process and all that it started. */
  kill(signal?: NodeJS.Signals): void;
}

const STDERR_KEPT_CHARS = 8192;
/** How long a git that was asked to end may tidy up. */
const TIDY_MS = 3000;
const LOW_PRIORITY = 10;
const tracer = trace.getTracer('antipode.git-process');

let started = 0;

/** How many processes this program has started; a test proves with it that a request started none. */
export const processesStarted = (): number => started;

/** What git may see of our environment. Anything else could change what it does, or leak into hooks. */
function baseEnv(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    // No configuration of the machine or of a user applies: a mirror behaves the same everywhere.
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    // A question at a prompt would hang for ever; nobody is there.
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    LC_ALL: 'C',
    // Custom certificate authorities of the company, where the image carries them.
    ...(process.env['GIT_SSL_CAINFO'] ? { GIT_SSL_CAINFO: process.env['GIT_SSL_CAINFO'] } : {}),
  };
}

/**
 * Starts git in its own process group, so that killing it also kills its children (index-pack, remote helpers).
 *
 * @throws AntipodeError `internal` where git cannot be started at all, `cancelled` where the signal has aborted already.
 */
export async function startGit(options: StartGitOptions): Promise<RunningGit> {
  if (options.signal?.aborted)
    throw new AntipodeError('cancelled', 'starting git', { command: options.args[0] });
  const span = tracer.startSpan(
    `git ${options.args.find((arg) => !arg.startsWith('-')) ?? ''}`,
    {},
    context.active(),
  );
  started += 1;
  const child = spawn('git', [...options.args], {
    cwd: options.cwd,
    env: { ...baseEnv(), ...ownerEnv(), ...configEnv(options.config ?? []), ...options.env },
    detached: true,
    stdio: 'pipe',
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    span.end();
    throw new AntipodeError('internal', 'starting git', { command: options.args[0] }, { cause: error });
  }
  if (options.priority === 'low') lowerPriority(child);
  const running = watch(child, options);
  void running.exited.then(({ code }) => {
    span.setAttribute('process.exit.code', code ?? -1);
    if (code !== 0) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  return running;
}

function watch(
  child: ChildProcessWithoutNullStreams,
  { signal, onAbort: manner }: StartGitOptions,
): RunningGit {
  let stderr = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT_CHARS);
  });
  // A git that ends early closes its stdin; the exit code tells the story, not the broken pipe.
  child.stdin.on('error', () => undefined);
  const kill = (name: NodeJS.Signals = 'SIGKILL'): void => killGroup(child, name);
  let tidying: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    if (manner !== 'tidy') return kill();
    kill('SIGTERM');
    tidying = setTimeout(kill, TIDY_MS);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const exited = new Promise<GitExit>((resolve) => {
    child.once('close', (code, by) => {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(tidying);
      resolve({ code, signal: by, stderr });
    });
  });
  // `spawn` has happened, so the pid exists.
  return {
    pid: child.pid as number,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    kill,
  };
}

/** What it starts inherits it. */
function lowerPriority({ pid }: ChildProcessWithoutNullStreams): void {
  try {
    if (pid !== undefined) setPriority(pid, LOW_PRIORITY);
  } catch {
    // It ended already.
  }
}

function killGroup(child: ChildProcessWithoutNullStreams, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group is gone already.
  }
}
