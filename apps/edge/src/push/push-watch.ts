import { AntipodeError } from '@antipode/errors';

export interface PushLimits {
  /** Nothing moves in either direction for this long. */
  readonly idleMs: number;
  readonly totalMs: number;
}

/** Gives a push up that stands still, or takes too long. By looking now and then: no work per chunk but a note. */
export class PushWatch implements Disposable {
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private movedAtMs = Date.now();
  private bytes = 0;

  /** @param uploaded counts the other direction. */
  constructor({ idleMs, totalMs }: PushLimits, uploaded: () => number) {
    this.signal = this.controller.signal;
    const startedAtMs = Date.now();
    const look = (): void => {
      const now = Date.now();
      if (uploaded() !== this.bytes) this.movedAtMs = now;
      this.bytes = uploaded();
      if (now - this.movedAtMs >= idleMs || now - startedAtMs >= totalMs)
        this.giveUp(new AntipodeError('timed_out', 'pushing', { idleMs, totalMs }));
    };
    this.timer = setInterval(look, Math.min(idleMs, totalMs, 5000) / 2);
  }

  /** Why it was given up. */
  get reason(): AntipodeError | undefined {
    return this.signal.aborted ? (this.signal.reason as AntipodeError) : undefined;
  }

  moved(): void {
    this.movedAtMs = Date.now();
  }

  giveUp(error: AntipodeError): void {
    this.controller.abort(error);
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }
}
