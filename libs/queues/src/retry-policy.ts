import type { JobsOptions } from 'bullmq';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 300_000;

/** The backoff type that jobs name and workers know. */
export const BACKOFF = 'antipode';

/** About an hour of attempts; after that the sweep and the slow comparison ask anew. */
export const ATTEMPTS = 20;

/**
 * How long a failed job waits, in milliseconds: doubling up to five minutes, with "equal jitter", so that
 * the repositories that failed together with the primary do not come back together.
 */
export function retryDelayMs(attemptsMade: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_RETRY_MS * 2 ** Math.max(0, attemptsMade - 1), LONGEST_RETRY_MS);
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

/** Finished jobs are only of use to whoever looks into what happened lately; Redis must not fill up with them. */
export const JOB_OPTIONS = {
  attempts: ATTEMPTS,
  backoff: { type: BACKOFF },
  removeOnComplete: { age: 3600, count: 200 },
  removeOnFail: { age: 86_400, count: 1000 },
  stackTraceLimit: 1,
} satisfies JobsOptions;
