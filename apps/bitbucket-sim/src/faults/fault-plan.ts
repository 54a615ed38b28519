import { z } from 'zod';
import { lfsFault } from './lfs-fault.js';

const trafficClass = z.enum(['rest', 'git', 'ssh', 'oauth', 'lfs', 'all']);
const count = z.union([z.literal('all'), z.int().min(0)]);

const latency = z.int().min(0).default(0);

/** Which requests a fault means. `path` is a part of the path, `operation` one of git's. */
const aim = {
  class: trafficClass.default('all'),
  path: z.string().optional(),
  method: z.string().optional(),
  operation: z.enum(['info-refs', 'upload-pack', 'receive-pack']).optional(),
  /** How many requests; all of them when absent. */
  times: z.int().positive().optional(),
};

/** The body of `PUT /_sim/faults`. Everything absent is "no such fault". */
export const faultPlan = z.strictObject({
  latencyMs: z
    .strictObject({ rest: latency, git: latency, ssh: latency, oauth: latency, lfs: latency })
    .prefault({}),
  fail: z
    .array(
      z.strictObject({
        ...aim,
        status: z.int().min(400).max(599),
        /** `json`: Bitbucket's error body; `html`: a proxy's page. */
        body: z.enum(['json', 'html', 'empty']).default('json'),
        retryAfterSeconds: z.int().positive().optional(),
      }),
    )
    .default([]),
  /** The answer breaks off after so many bytes of its body. */
  truncate: z.array(z.strictObject({ ...aim, afterBytes: z.int().min(0) })).default([]),
  /**
   * The push dies without a word to the pusher: while its pack arrives, when all has arrived but nothing has moved, or
   * after the refs have moved.
   */
  pushes: z.array(z.strictObject({ ...aim, at: z.enum(['pack', 'before-refs', 'after-refs']) })).default([]),
  /** What happens to large files. */
  lfs: z.array(lfsFault).default([]),
  webhooks: z
    .strictObject({
      drop: count.default(0),
      duplicate: count.default(0),
      reorder: z.int().min(0).default(0),
      delayMs: z.int().min(0).default(0),
    })
    .prefault({}),
  /** Pushes and changes are refused, everything else works. */
  readOnly: z.boolean().default(false),
  /** `destroy`: connections are cut, also those under way; `unavailable`: 503 for everything, and no SSH. */
  down: z.enum(['destroy', 'unavailable']).nullable().default(null),
});

export type FaultPlan = z.infer<typeof faultPlan>;
export const noFaults = (): FaultPlan => faultPlan.parse({});
