import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { AntipodeError } from '@antipode/errors';
import { stoppedShort } from '../stopped-short.js';
import { signalGroup } from './journal.js';
import { launch } from './launch.js';
import type { Part } from './part.js';
import { identify, type ProcessIdentity } from './process-identity.js';

const STOP_GRACE_MS = 10_000;
const READY_POLL_MS = 100;

/** One life of a part, from its start to its exit. */
export class RunningPart {
  private constructor(
    readonly part: Part,
    readonly identity: ProcessIdentity,
    private readonly child: ChildProcess,
    private readonly log: string,
    /** How it ended, in words: "exit code 1", "SIGKILL". Never rejects. */
    readonly exited: Promise<string>,
  ) {}

  /** @throws AntipodeError whose hint names the part and its log, where it cannot even be started */
  static async start(part: Part, log: string): Promise<RunningPart> {
    const child = launch(await part.prepare(), log, part.stopSignal);
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${String(code)}`));
    });
    // The pipe breaks when the part dies; that it died is told by its exit.
    child.stdin?.on('error', () => undefined);
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw stoppedShort(
        'internal',
        `${part.name} (${part.title}) could not be started: ${(error as Error).message}.`,
        {},
        error,
      );
    }
    // `spawn` has happened, so the pid exists; a process that is gone already has no start time worth knowing.
    const pid = child.pid as number;
    return new RunningPart(part, (await identify(pid)) ?? { pid, startedAt: 'gone' }, child, log, exited);
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** @throws AntipodeError whose hint says what is missing, where it dies or the time is over; `signal` ends the wait */
  async untilReady(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      signal.throwIfAborted();
      if (this.hasExited) throw await this.endedBeforeReady();
      const missing = await this.part.checkReady().then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (missing === undefined && !this.hasExited) return;
      if (Date.now() > deadline) throw this.notReadyInTime(timeoutMs, missing);
      await wait(READY_POLL_MS, undefined, { signal });
    }
  }

  /** Asks kindly, then insists. Resolves when it is gone. */
  async stop(graceMs = STOP_GRACE_MS): Promise<void> {
    if (this.hasExited) return;
    this.child.kill(this.part.stopSignal);
    this.child.stdin?.end();
    const timer = setTimeout(() => signalGroup(this.identity.pid, 'SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  private async endedBeforeReady(): Promise<AntipodeError> {
    const { name, title } = this.part;
    const how = await this.exited;
    const last = await lastWords(this.log);
    return stoppedShort(
      'internal',
      `${name} (${title}) ended with ${how} before it was ready${last}. Its log: ${this.log}`,
      { part: name },
    );
  }

  private notReadyInTime(timeoutMs: number, missing: string | undefined): AntipodeError {
    const { name, title } = this.part;
    const why = missing ? ` (${missing})` : '';
    return stoppedShort(
      'timed_out',
      `${name} (${title}) did not get ready within ${timeoutMs / 1000} s${why}. Its log: ${this.log}`,
      {
        part: name,
      },
    );
  }
}

/** The last line of a log, as far as it helps: the message of a structured line, or the line itself. */
async function lastWords(log: string): Promise<string> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n');
  const line = lines.at(-1)?.trim() ?? '';
  if (line === '') return '';
  return `; it said: ${messageIn(line).slice(0, 300)}`;
}

function messageIn(line: string): string {
  try {
    const message = (JSON.parse(line) as { msg?: unknown }).msg;
    return typeof message === 'string' ? message : line;
  } catch {
    return line;
  }
}
