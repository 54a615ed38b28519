import { setTimeout as sleep } from 'node:timers/promises';
import { migrate, type Migrate } from './migrate.js';

export interface MigrationOptions extends Migrate {
  /** What else must have worked once before the schema counts as usable. */
  readonly afterwards?: () => Promise<unknown>;
  /** Told after each attempt that failed. */
  readonly onFailure: (error: unknown) => void;
}

const RETRY_MS = 2000;
/** A database that answers is ready before its service is; one that does not must not keep the service from its other work. */
const START_WAIT_MS = 15_000;

/** Brings a service's schema up to date, however long the database is away. */
export class Migration {
  private readonly closing = new AbortController();
  private done = false;

  constructor(private readonly options: MigrationOptions) {}

  /** Whether the tables can be used. */
  get isDone(): boolean {
    return this.done;
  }

  /** Resolves when it is done, when it has failed for the first time, or after 15 s; then it goes on in the background. */
  async start(): Promise<void> {
    const first = this.attempt().then((done) => (done ? undefined : void this.keepTrying()));
    const timer = new AbortController();
    const enough = sleep(START_WAIT_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([first, enough]);
    timer.abort();
  }

  close(): void {
    this.closing.abort();
  }

  private async attempt(): Promise<boolean> {
    const { afterwards, onFailure } = this.options;
    try {
      await migrate(this.options);
      await afterwards?.();
      this.done = true;
    } catch (error) {
      onFailure(error);
    }
    return this.done;
  }

  private async keepTrying(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || (await this.attempt())) return;
    }
  }
}
