import { z } from 'zod';

const aim = {
  /** One object; all of them when absent. Faults of whole batches know no object. */
  oid: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** How often; always when absent. */
  times: z.int().positive().optional(),
};

/** A member of `lfs` in the fault plan. Each kind is found by itself, so that several may strike one request. */
export const lfsFault = z.discriminatedUnion('kind', [
  /** The object is unknown to the batch; or the batch offers it, and the media host answers 404. */
  z.strictObject({ kind: z.literal('lost'), at: z.enum(['batch', 'media']).default('batch'), ...aim }),
  /** One byte is wrong; the length is right. */
  z.strictObject({ kind: z.literal('corrupt'), ...aim }),
  /** The connection breaks off after so many bytes of the body, whose Content-Length was honest. */
  z.strictObject({ kind: z.literal('truncated'), afterBytes: z.int().min(0), ...aim }),
  /** The first byte of a download comes late, or all of them come slowly. */
  z.strictObject({
    kind: z.literal('slow'),
    firstByteMs: z.int().min(0).default(0),
    bytesPerSecond: z.int().positive().optional(),
    ...aim,
  }),
  /** The batch hands out links that the media host refuses as expired, in spite of what `expires_in` promises. */
  z.strictObject({ kind: z.literal('expired'), ...aim }),
  /** The media host answers with this status. */
  z.strictObject({
    kind: z.literal('broken'),
    status: z.int().min(400).max(599).default(500),
    method: z.enum(['GET', 'PUT', 'POST']).optional(),
    ...aim,
  }),
  /** The media host sends downloads elsewhere, so many times: on itself, or to a third origin. */
  z.strictObject({
    kind: z.literal('redirected'),
    to: z.enum(['itself', 'elsewhere']).default('elsewhere'),
    hops: z.int().min(1).max(50).default(1),
    ...aim,
  }),
  /** The media host takes no notice of `Range`. */
  z.strictObject({ kind: z.literal('rangeless'), ...aim }),
  /** Every batch answers so: with a status (and Retry-After), with a page that is no JSON, or not at all. */
  z.strictObject({
    kind: z.literal('refused'),
    status: z.int().min(400).max(599),
    retryAfterSeconds: z.int().positive().optional(),
    times: aim.times,
  }),
  z.strictObject({ kind: z.literal('garbage'), times: aim.times }),
  z.strictObject({ kind: z.literal('silent'), times: aim.times }),
]);

export type LfsFault = z.infer<typeof lfsFault>;
