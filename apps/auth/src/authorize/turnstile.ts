import { AntipodeError } from '@antipode/errors';

export interface TurnstileOptions {
  /** Runs at the same time. */
  readonly concurrency: number;
  /** Waiters; one more is turned away at once. */
  readonly queue: number;
}

/** Lets a bounded number of works run, and a bounded number wait, first come first served. */
export class Turnstile {
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(private readonly options: TurnstileOptions) {}

  get counts(): { readonly running: number; readonly waiting: number } {
    return { running: this.running, waiting: this.waiting.length };
  }

  /** @throws AntipodeError `busy` where too many wait already. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.options.concurrency) this.running += 1;
    else await this.wait();
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // The place is handed over, so that nobody who comes now can slip in between.
      if (next) next();
      else this.running -= 1;
    }
  }

  private async wait(): Promise<void> {
    if (this.waiting.length >= this.options.queue) {
      throw new AntipodeError('busy', 'queueing a question to the primary', this.counts);
    }
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}
