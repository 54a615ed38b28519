import type { Limits } from '../state/model.js';

/** The window slides in steps of a sixtieth: exact enough for an hour, and 60 numbers per identity. */
const SLOTS = 60;

export interface Taken {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

interface Window {
  slot: number;
  readonly counts: number[];
}

export type Bucket = 'repositories' | 'anonymous' | 'git';

/** Rolling windows per bucket and identity (§12). In memory: a restart forgives everything. */
export class RateLimits {
  readonly #windows = new Map<string, Window>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Counts one request, unless the limit is already reached. Undefined where there is no limit. */
  take(bucket: Bucket, identity: string, limits: Limits, scaledLimit?: number): Taken | undefined {
    const configured = limits[bucket];
    if (configured === null) return undefined;
    const limit = Math.max(configured, scaledLimit ?? 0);
    const window = this.#window(`${bucket} ${identity}`, limits.windowMs);
    const used = window.counts.reduce((sum, count) => sum + count, 0);
    const allowed = used < limit;
    if (allowed) window.counts[window.slot % SLOTS] = (window.counts[window.slot % SLOTS] ?? 0) + 1;
    return {
      allowed,
      limit,
      remaining: Math.max(0, limit - used - (allowed ? 1 : 0)),
      resetSeconds: Math.ceil(limits.windowMs / 1000),
    };
  }

  /** Takes back what the identity's last request has cost. */
  giveBack(bucket: Bucket, identity: string): void {
    const window = this.#windows.get(`${bucket} ${identity}`);
    if (!window) return;
    const slot = window.slot % SLOTS;
    window.counts[slot] = Math.max(0, (window.counts[slot] ?? 0) - 1);
  }

  reset(): void {
    this.#windows.clear();
  }

  #window(key: string, windowMs: number): Window {
    const slot = Math.floor(this.now() / (windowMs / SLOTS));
    const window = this.#windows.get(key) ?? { slot, counts: new Array<number>(SLOTS).fill(0) };
    const passed = Math.min(SLOTS, slot - window.slot);
    for (let step = 1; step <= passed; step += 1) window.counts[(window.slot + step) % SLOTS] = 0;
    window.slot = slot;
    this.#windows.set(key, window);
    return window;
  }
}
