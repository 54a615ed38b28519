import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';

/** What a child has printed last; for the message when it does not start. */
const KEPT_OUTPUT = 4000;

/** A process that a test starts, and must end. Only tests use this: services start processes in libs/git-process. */
export class Child {
  output = '';
  private readonly process: ChildProcess;

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on(
        'data',
        (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-KEPT_OUTPUT)),
      );
    }
    this.process.on('error', (error) => (this.output += String(error)));
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  get ended(): boolean {
    return (
      this.process.exitCode !== null || this.process.signalCode !== null || this.process.pid === undefined
    );
  }

  /** Sends a signal and waits until the process is gone. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.ended) return;
    const gone = once(this.process, 'exit');
    this.process.kill(signal);
    await gone;
  }
}
