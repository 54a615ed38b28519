import { AntipodeError } from '@antipode/errors';

export interface AdmissionOptions {
  /** Runs at the same time, of all keys together. */
  readonly concurrency: number;
  /** Waiters at the same time; one more is turned away at once. */
  readonly queue: number;
  readonly waitMs: number;
}

/** Gives the place back; more than once does no harm. */
export type Leave = () => void;

interface Waiter {
  readonly admit: () => void;
}

/**
 * Lets a bounded number in, and keeps a bounded number waiting.
 *
 * Fair between repositories: the next place goes to the waiting repository that has the fewest running, so
 * that one pipeline with a hundred jobs delays itself and not everybody.
 */
export class Admission {
  private readonly runningByKey = new Map<string, number>();
  private readonly waitingByKey = new Map<string, Waiter[]>();
  private running = 0;
  private waiting = 0;

  constructor(private readonly options: AdmissionOptions) {}

  get counts(): { readonly running: number; readonly waiting: number } {
    return { running: this.running, waiting: this.waiting };
  }

  /** @throws AntipodeError `busy` where the queue is full or the wait too long; `cancelled` when `signal` aborts. */
  async enter(key: string, signal: AbortSignal): Promise<Leave> {
    if (this.running < this.options.concurrency) return this.start(key);
    if (this.waiting >= this.options.queue) throw new AntipodeError('busy', 'queueing: the queue is full');
    return this.wait(key, signal);
  }

  private start(key: string): Leave {
    this.running += 1;
    this.runningByKey.set(key, (this.runningByKey.get(key) ?? 0) + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.leave(key);
    };
  }

  private leave(key: string): void {
    this.running -= 1;
    const others = (this.runningByKey.get(key) ?? 1) - 1;
    if (others > 0) this.runningByKey.set(key, others);
    else this.runningByKey.delete(key);
    this.next()?.admit();
  }

  private wait(key: string, signal: AbortSignal): Promise<Leave> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.forget(key, waiter);
      };
      const stop = (error: AntipodeError): void => {
        settle();
        reject(error);
      };
      const onAbort = (): void => stop(new AntipodeError('cancelled', 'queueing'));
      // The place is taken at once: whoever comes before this promise is looked at must not take it too.
      const waiter: Waiter = {
        admit: () => {
          settle();
          resolve(this.start(key));
        },
      };
      const timer = setTimeout(
        () => stop(new AntipodeError('busy', 'queueing: waited too long')),
        this.options.waitMs,
      );
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.waitingByKey.set(key, [...(this.waitingByKey.get(key) ?? []), waiter]);
      this.waiting += 1;
    });
  }

  private forget(key: string, waiter: Waiter): void {
    const before = this.waitingByKey.get(key) ?? [];
    const after = before.filter((other) => other !== waiter);
    this.waiting -= before.length - after.length;
    if (after.length > 0) this.waitingByKey.set(key, after);
    else this.waitingByKey.delete(key);
  }

  /** A Map keeps its order of insertion: of two equally quiet repositories, the one that waits longer. */
  private next(): Waiter | undefined {
    let chosen: Waiter | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [key, waiters] of this.waitingByKey) {
      const running = this.runningByKey.get(key) ?? 0;
      if (running < fewest) {
        fewest = running;
        chosen = waiters[0];
      }
    }
    return chosen;
  }
}
