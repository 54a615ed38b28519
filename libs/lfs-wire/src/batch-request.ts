import { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import { isLfsOid, isLfsSize, type LfsObject } from './lfs-object.js';

/** Clients send 100; scripts send thousands. What is above this is a mistake or an attack. */
const MOST_OBJECTS = 10_000;
const LONGEST_WORD = 200;
/** A name of git's refs fits in a file's path. */
const LONGEST_REF = 4096;

/** One object that somebody asks for; it may be nonsense, which concerns this object alone. */
export type AskedObject =
  | { readonly kind: 'object'; readonly object: LfsObject }
  /** As it was written, as far as it can be written back. */
  | { readonly kind: 'nonsense'; readonly oid: string; readonly size: number; readonly why: string };

/** `POST …/objects/batch`. Spec: git-lfs docs/api/batch.md. */
export interface BatchRequest {
  readonly operation: 'download' | 'upload';
  /** Names of transfer adapters, best first. Nobody who names none means none: it means "basic". */
  readonly transfers: readonly string[];
  /** The ref that the objects belong to ("refs/heads/main"), where the client tells. */
  readonly ref: string | undefined;
  /** "sha256" unless the client says otherwise. */
  readonly hashAlgo: string;
  /** As many as were asked for, in their order. */
  readonly objects: readonly AskedObject[];
}

const word = z.string().min(1).max(LONGEST_WORD);

// Unknown keys pass: newer clients may send more.
const schema = z.looseObject({
  operation: z.enum(['download', 'upload']),
  transfers: z.array(word).max(50).nullish(),
  ref: z.looseObject({ name: z.string().max(LONGEST_REF).nullish() }).nullish(),
  hash_algo: word.nullish(),
  objects: z.array(z.unknown()).max(MOST_OBJECTS),
});

/**
 * Reads the body of a batch request.
 *
 * @throws AntipodeError `invalid` where it is none, `too_large` where it names too many objects. Objects that are nonsense are no reason: each is told by itself.
 */
export function readBatchRequest(body: Buffer | string): BatchRequest {
  const read = schema.safeParse(parseJson(body));
  if (!read.success) throw refusal(read.error.issues[0]);
  const { operation, transfers, ref, hash_algo: hashAlgo, objects } = read.data;
  return {
    operation,
    transfers: transfers && transfers.length > 0 ? transfers : ['basic'],
    ref: ref?.name ?? undefined,
    hashAlgo: hashAlgo ?? 'sha256',
    objects: objects.map(readObject),
  };
}

function readObject(value: unknown): AskedObject {
  const { oid, size } = (typeof value === 'object' && value !== null ? value : {}) as Partial<LfsObject>;
  if (isLfsOid(oid) && isLfsSize(size)) return { kind: 'object', object: { oid, size } };
  return {
    kind: 'nonsense',
    oid: typeof oid === 'string' ? oid.slice(0, LONGEST_WORD) : '',
    size: isLfsSize(size) ? size : 0,
    why: isLfsOid(oid) ? 'The size must be a whole number of bytes.' : 'The oid must be 64 hex digits.',
  };
}

function parseJson(body: Buffer | string): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw invalid('');
  }
}

function refusal(issue: z.core.$ZodIssue | undefined): AntipodeError {
  const field = issue?.path.join('.') ?? '';
  if (field !== 'objects' || issue?.code !== 'too_big') return invalid(field);
  return new AntipodeError('too_large', 'reading an LFS batch request', { limit: MOST_OBJECTS });
}

const invalid = (field: string): AntipodeError =>
  new AntipodeError('invalid', 'reading an LFS batch request', { field });
