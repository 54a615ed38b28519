import type { Code } from '@antipode/errors';

const SECOND = 1000;
const HOUR = 3_600_000;

/** How the waiting begins, grows and ends, by why it failed. */
interface Course {
  readonly firstMs: number;
  readonly factor: number;
  readonly longestMs: number;
}

const USUAL: Course = { firstMs: 2 * SECOND, factor: 3, longestMs: 6 * HOUR };

const COURSES: Partial<Record<Code, Course>> = {
  // The primary does not have it. Somebody may still upload it; a new pointer to it is tried at once anyway.
  not_found: { firstMs: HOUR, factor: 2, longestMs: 24 * HOUR },
  // Only people change these.
  denied: { firstMs: 60 * SECOND, factor: 4, longestMs: 6 * HOUR },
  unauthenticated: { firstMs: 30 * SECOND, factor: 2, longestMs: HOUR },
  unsupported: { firstMs: 300 * SECOND, factor: 4, longestMs: 24 * HOUR },
  // More room than there could be: somebody may give it a larger disk.
  too_large: { firstMs: HOUR, factor: 2, longestMs: 24 * HOUR },
  disk_full: { firstMs: 60 * SECOND, factor: 2, longestMs: HOUR },
};

/**
 * How long to wait before an object is tried again, in milliseconds.
 *
 * @param attempts how often it has failed before this time
 * @param random of [0, 1): what failed together is not tried together
 */
export function backoffMs(code: Code, attempts: number, random = Math.random()): number {
  const { firstMs, factor, longestMs } = COURSES[code] ?? USUAL;
  // Beyond this power every course has long ended.
  const waitMs = Math.min(firstMs * factor ** Math.min(attempts, 20), longestMs);
  return Math.round(waitMs * (0.8 + 0.4 * random));
}
