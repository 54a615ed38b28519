import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import type { BatchResponse } from './batch-response.js';
import { isLfsOid, isLfsSize } from './lfs-object.js';

const LONGEST_HREF = 16_384;
const MOST_OBJECTS = 10_000;
const LONGEST_MESSAGE = 2000;

/** `null` is how some servers write what is not there. */
const absent = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const seconds = z.number().transform(Math.floor);

const action = z.object({
  href: z.string().min(1).max(LONGEST_HREF),
  header: absent(z.record(z.string().max(200), z.string().max(LONGEST_HREF))),
  expires_in: absent(seconds),
  expires_at: absent(z.string().max(100)),
});

const answered = z.object({
  oid: z.string().refine(isLfsOid),
  size: z.number().refine(isLfsSize),
  authenticated: absent(z.boolean()),
  actions: absent(z.object({ download: absent(action), upload: absent(action), verify: absent(action) })),
  error: absent(
    z.object({
      code: z.number().int(),
      message: z.string().transform((text) => text.slice(0, LONGEST_MESSAGE)),
    }),
  ),
});

const schema = z.object({
  transfer: absent(z.string().max(200)),
  objects: z.array(z.unknown()).max(MOST_OBJECTS),
});

/**
 * Reads what another LFS server answered to a batch request. What nobody here knows is dropped, and so is an object that
 * is none: it concerns itself alone.
 *
 * @throws AntipodeError `primary_misbehaved` where it is no such answer.
 */
export function readBatchResponse(body: Buffer | string): BatchResponse {
  const read = schema.safeParse(parseJson(body));
  if (!read.success) throw misbehaved(read.error.issues[0]?.path.join('.') ?? '');
  const { transfer = 'basic', objects } = read.data;
  const known = objects.flatMap((object) => {
    const one = answered.safeParse(object);
    return one.success ? [one.data] : [];
  });
  // Absent keys stay absent: an explicit undefined is another thing in JSON's neighbourhood.
  return { transfer, objects: JSON.parse(JSON.stringify(known)) as BatchResponse['objects'] };
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
