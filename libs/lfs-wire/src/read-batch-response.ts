import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import type { BatchResponse } from './batch-response.js';
import { isLfsOid, isLfsSize } from './lfs-object.js';

const LONGEST_HREF = 16_384;
const MOST_OBJECTS = 10_000;

const action = z.object({
  href: z.string().min(1).max(LONGEST_HREF),
  header: z.record(z.string().max(200), z.string().max(LONGEST_HREF)).optional(),
  expires_in: z.number().int().optional(),
  expires_at: z.string().max(100).optional(),
});

const schema = z.object({
  transfer: z.string().max(200).optional(),
  objects: z
    .array(
      z.object({
        oid: z.string().refine(isLfsOid),
        size: z.number().refine(isLfsSize),
        authenticated: z.boolean().optional(),
        actions: z
          .object({ download: action.optional(), upload: action.optional(), verify: action.optional() })
          .optional(),
        error: z.object({ code: z.number().int(), message: z.string().max(2000) }).optional(),
      }),
    )
    .max(MOST_OBJECTS),
});

/**
 * Reads what another LFS server answered to a batch request. What nobody here knows is dropped.
 *
 * @throws AntipodeError `primary_misbehaved` where it is no such answer.
 */
export function readBatchResponse(body: Buffer | string): BatchResponse {
  const read = schema.safeParse(parseJson(body));
  if (!read.success) throw misbehaved(read.error.issues[0]?.path.join('.') ?? '');
  const { transfer = 'basic', objects } = read.data;
  // Absent keys stay absent: an explicit undefined is another thing in JSON's neighbourhood.
  return { transfer, objects: JSON.parse(JSON.stringify(objects)) as BatchResponse['objects'] };
}

function parseJson(body: Buffer | string): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw misbehaved('');
  }
}

const misbehaved = (field: string): AntipodeError =>
  new AntipodeError('primary_misbehaved', 'reading an answer of the LFS batch endpoint', { field });
