import type { SweepKind } from './sweep.js';

export type Outcome = 'done' | 'failed' | 'limited';

/** A primary that limits us, or that is away, is asked ever less often, up to this many times the usual pause. */
const MOST_STRETCHED = 10;
/** Instances and mirrors that started together must not stay together. */
const JITTER = 0.1;
/** Askings that come in a burst (a script selects project after project) share a round. */
const GATHER_MS = 50;

/** Calls `round` now and then, at once when asked, and never twice at the same time. */
export class SweepClock {
  private asked: SweepKind | undefined;
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stretch = 1;
  private stopped = false;

  /** @param round gets what was asked for, or undefined where only the time has come. Must not throw. */
  constructor(
    private readonly pauseMs: number,
    private readonly round: (asked: SweepKind | undefined) => Promise<Outcome>,
    private readonly random: () => number = Math.random,
  ) {}

  start(): void {
    this.schedule(0);
  }

  ask(kind: SweepKind): void {
    this.asked = this.asked === 'full' ? 'full' : kind;
    if (!this.running) this.schedule(GATHER_MS);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private schedule(inMs: number): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.timer = setTimeout(() => (this.running = this.turn()), inMs);
  }

  private async turn(): Promise<void> {
    const asked = this.asked;
    this.asked = undefined;
    const outcome = await this.round(asked);
    this.stretch = outcome === 'done' ? 1 : Math.min(this.stretch * 2, MOST_STRETCHED);
    this.running = undefined;
    const pause = this.pauseMs * this.stretch * (1 + JITTER * (2 * this.random() - 1));
    this.schedule(this.asked ? GATHER_MS : pause);
  }
}
