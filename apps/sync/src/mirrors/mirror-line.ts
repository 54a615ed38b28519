/** What is waited for: one run, from its question on. */
interface Run<T> {
  readonly done: Promise<T>;
  /** When it last asked the primary; undefined while it has not. */
  askedAtMs: number | undefined;
}

export interface RunContext {
  /** To be called before each question to the primary. */
  onAsk(atMs: number): void;
}

type Work<T> = (context: RunContext) => Promise<T>;

/**
 * One repository's queue of runs: one runs, at most one waits, everybody else joins one of the two.
 *
 *        ask            join: it has not asked yet, or asked at `notBefore` or later
 *   ─────●━━━━━━━━━━━▶  else wait for the next one, which all later callers share
 *
 * A run that asked before a caller's `notBefore` may have missed what the caller needs to see: it does not count.
 */
export class MirrorLine<T> {
  private running: Run<T> | undefined;
  private waiting: Run<T> | undefined;
  /** What the next runs do, instead of the usual. */
  private readonly orders: Work<T>[] = [];

  constructor(private readonly work: Work<T>) {}

  get isBusy(): boolean {
    return this.running !== undefined;
  }

  /** The outcome of a run that asks the primary at `notBeforeMs` or later. */
  join(notBeforeMs: number): Promise<T> {
    if (this.running && sees(this.running, notBeforeMs)) return this.running.done;
    if (this.waiting) return this.waiting.done;
    if (!this.running) return this.start().done;
    return this.wait(this.running);
  }

  /** The outcome of a run of its own that does `work` and begins after this call. Others may join it as any other. */
  order(work: Work<T>): Promise<T> {
    const done = new Promise<T>((resolve, reject) => {
      this.orders.push((context) => {
        const running = work(context);
        running.then(resolve, reject);
        return running;
      });
    });
    if (!this.running) this.start();
    else if (!this.waiting) this.wait(this.running).catch(() => undefined);
    return done;
  }

  private start(): Run<T> {
    const work = this.orders.shift() ?? this.work;
    const run: { askedAtMs: number | undefined; done?: Promise<T> } = { askedAtMs: undefined };
    run.done = work({ onAsk: (atMs) => (run.askedAtMs = atMs) }).finally(() => {
      if (this.running === run) this.running = undefined;
      if (this.orders.length > 0 && !this.waiting) this.start();
    });
    // Whoever waits is told; a run that was only ordered has nobody here.
    run.done.catch(() => undefined);
    this.running = run as Run<T>;
    return this.running;
  }

  private wait(before: Run<T>): Promise<T> {
    const waiting: Run<T> = {
      askedAtMs: undefined,
      done: before.done
        .catch(() => undefined)
        .then(() => {
          this.waiting = undefined;
          return this.start().done;
        }),
    };
    this.waiting = waiting;
    return waiting.done;
  }
}

const sees = ({ askedAtMs }: Run<unknown>, notBeforeMs: number): boolean =>
  askedAtMs === undefined || askedAtMs >= notBeforeMs;
