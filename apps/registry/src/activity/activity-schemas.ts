import { z } from 'zod';
import { OUTCOMES } from './sync-run.js';

const moment = z.iso.datetime();
const seconds = z.number().nullable();

/** What PostgreSQL can hold as text, and a name can be. */
const isLine = (text: string): boolean => !/\p{Cc}/u.test(text);

export const activityQuery = z.strictObject({
  hours: z.coerce.number().int().min(1).max(720).default(24),
});

const served = {
  fetches: z.int(),
  pushes: z.int(),
  lfsDownloads: z.int(),
  /** Bytes to clients: of this mirror's own, and passed through from the primary. */
  ownBytes: z.int(),
  passedBytes: z.int(),
  /** Requests that ended in an error which was not the client's. */
  failures: z.int(),
};

export const activitySchema = z.object({
  from: moment,
  to: moment,
  bucketSeconds: z.int(),
  totals: z.object(served),
  /** One per bucket, the oldest first. */
  points: z.array(
    z.object({
      at: moment,
      /** Seconds behind the primary, over the repositories that are served; null where nobody looked. */
      lag: z.object({ p50: seconds, p95: seconds, max: seconds }),
      /** For administrators; null for all others, and where nobody looked. */
      failing: z.int().nullable(),
      ...served,
    }),
  ),
});

export const runsQuery = z.strictObject({
  /** Its id, or its path. */
  repository: z.string().min(1).max(512).refine(isLine, 'no control characters').optional(),
  node: z.string().min(1).max(64).refine(isLine, 'no control characters').optional(),
  outcome: z.enum(OUTCOMES).optional(),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'use the `next` of the page before')
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const hash = z.string().nullable();

export const runsSchema = z.object({
  /** The newest first. */
  values: z.array(
    z.object({
      id: z.string(),
      repository: z.object({ id: z.string(), path: z.string() }),
      /** Null for those who do not run the mirror. */
      node: z.string().nullable(),
      outcome: z.enum(OUTCOMES),
      beganAt: moment,
      endedAt: moment,
      epoch: z.int(),
      receivedBytes: z.int(),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
      /** How many refs moved, and the first of them. */
      changeCount: z.int(),
      changes: z.array(z.object({ ref: z.string(), from: hash, to: hash })),
    }),
  ),
  next: z.string().nullable(),
});
