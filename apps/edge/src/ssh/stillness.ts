import { AntipodeError } from '@antipode/errors';
import type { RunningChannel } from './ssh-session.js';

export interface StillnessOptions {
  readonly idleMs: number;
  readonly totalMs: number;
  /** Nothing has run for `idleMs`. */
  readonly onIdle: () => void;
}

interface Watched {
  readonly startedAtMs: number;
  movedAtMs: number;
  moved: number;
}

/** Notices where nothing moves, by looking now and then: no work per chunk. Keepalives do not count as movement. */
export class Stillness {
  private readonly watched = new Map<RunningChannel, Watched>();
  private timer: NodeJS.Timeout | undefined;
  private idleSinceMs = Date.now();

  constructor(private readonly options: StillnessOptions) {}

  start(): void {
    this.idleSinceMs = Date.now();
    const { idleMs, totalMs } = this.options;
    this.timer = setInterval(() => this.look(Date.now()), Math.min(idleMs, totalMs, 10_000) / 2);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  watch(channel: RunningChannel): void {
    const now = Date.now();
    this.watched.set(channel, { startedAtMs: now, movedAtMs: now, moved: 0 });
  }

  forget(channel: RunningChannel): void {
    this.watched.delete(channel);
    this.idleSinceMs = Date.now();
  }

  private look(now: number): void {
    const { idleMs, totalMs, onIdle } = this.options;
    for (const [channel, known] of this.watched) {
      const moved = channel.moved.in + channel.moved.out;
      if (moved !== known.moved) Object.assign(known, { moved, movedAtMs: now });
      if (now - known.movedAtMs >= idleMs || now - known.startedAtMs >= totalMs)
        channel.abort(new AntipodeError('timed_out', 'waiting for something to move', { moved }));
    }
    if (this.watched.size === 0 && now - this.idleSinceMs >= idleMs) onIdle();
  }
}
