/** Tells a process that works from one that hangs: by signs of life, not by total time. */
export interface StallGuard {
  alive(): void;
  stop(): void;
  readonly stalled: boolean;
}

/** Calls `onStall` once when `stallMs` pass without a call of `alive`. */
export function guardAgainstStall(stallMs: number, onStall: () => void): StallGuard {
  let stalled = false;
  const timer = setTimeout(() => {
    stalled = true;
    onStall();
  }, stallMs);
  return {
    alive: () => {
      if (!stalled) timer.refresh();
    },
    stop: () => clearTimeout(timer),
    get stalled() {
      return stalled;
    },
  };
}
