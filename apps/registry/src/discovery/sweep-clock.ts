import type { SweepKind } from './sweep.js';

export type Outcome = 'done' | 'failed' | 'limited';

/** now: somebody waits. hint: a webhook said that there may be news; it can say so a thousand times an hour. */
export type Urgency = 'now' | 'hint';

/** A primary that limits us is asked ever less often, up to this many times the usual pause. */
const MOST_STRETCHED = 10;
/** After a failure the first try comes this soon, then ever later, up to the usual pause. */
const RETRY_MS = 5000;
/** Instances and mirrors that started together must not stay together. */
const JITTER = 0.1;
/** Askings that come in a burst (a script selects project after project) share a round. */
const GATHER_MS = 50;
/** Hints must not use up the primary's quota: so much time passes between two rounds for them. */
const HINT_GAP_MS = 5000;

/** Calls `round` now and then, at once when asked, and never twice at the same time. */
export class SweepClock {
  private asked: SweepKind | undefined;
  private urgency: Urgency = 'hint';
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Infinity;
  private endedAt = 0;
  private last: Outcome = 'done';
  private troubles = 0;
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

  ask(kind: SweepKind, urgency: Urgency): void {
    this.asked = this.asked === 'full' ? 'full' : kind;
    if (urgency === 'now') this.urgency = 'now';
    if (!this.running) this.hasten();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Brings the next round forward for what was asked; never puts it off. */
  private hasten(): void {
    // A limit is not lifted by hints; they wait for the stretched pause to end.
    if (this.urgency === 'hint' && this.last === 'limited') return;
    const gap = this.urgency === 'now' ? 0 : this.endedAt + HINT_GAP_MS - Date.now();
    const inMs = Math.max(GATHER_MS, gap);
    if (Date.now() + inMs < this.dueAt) this.schedule(inMs);
  }

  private schedule(inMs: number): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.dueAt = Date.now() + inMs;
    this.timer = setTimeout(() => (this.running = this.turn()), inMs);
  }

  private async turn(): Promise<void> {
    const { asked } = this;
    this.asked = undefined;
    this.urgency = 'hint';
    this.last = await this.round(asked);
    this.troubles = this.last === 'done' ? 0 : this.troubles + 1;
    this.running = undefined;
    this.endedAt = Date.now();
    this.schedule(this.pause() * (1 + JITTER * (2 * this.random() - 1)));
    if (this.asked) this.hasten();
    // What failed is still wanted, when its time comes.
    if (this.last !== 'done' && asked && this.asked !== 'full') this.asked = asked;
  }

  private pause(): number {
    switch (this.last) {
      case 'done':
        return this.pauseMs;
      case 'failed':
        return Math.min(RETRY_MS * 2 ** (this.troubles - 1), this.pauseMs);
      case 'limited':
        return this.pauseMs * Math.min(2 ** this.troubles, MOST_STRETCHED);
    }
  }
}
