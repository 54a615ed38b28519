import type { ByteRange } from '@antipode/blob-store';
import { AntipodeError, type Code } from '@antipode/errors';
import { discard, type StorageAnswer } from './storage-client.js';

export interface AskedBytes extends ByteRange {
  /** Of the whole object. */
  readonly size: number;
}

const DOING = "reading an answer of the primary's storage";

/** The storage does not take this link (any more): another may be good. */
export class RefusedLink extends AntipodeError {
  constructor(status: number) {
    // Who gave a link that nobody takes has misbehaved; who has lost the object has not.
    super(status === 404 || status === 410 ? 'not_found' : 'primary_misbehaved', DOING, { status });
  }
}

/**
 * The bytes that were asked for, whether the storage knows ranges or not; they may break off early, and never go on
 * too long.
 *
 * @throws AntipodeError `RefusedLink`, `primary_limited`, `primary_unavailable`, `primary_misbehaved`; or whatever
 *   ends the body.
 */
export async function* answeredBytes(
  answer: StorageAnswer,
  asked: AskedBytes,
): AsyncGenerator<Buffer, void, undefined> {
  let skip = expectBytes(answer, asked);
  let left = asked.last - asked.first + 1;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    const skipped = Math.min(skip, chunk.length);
    skip -= skipped;
    const bytes = chunk.subarray(skipped, skipped + left);
    left -= bytes.length;
    // A part of an answer with everything may stop in the middle; an object that is longer than its size is another.
    if (chunk.length - skipped > bytes.length && asked.last === asked.size - 1) throw misbehaved('too long');
    if (bytes.length > 0) yield bytes;
    if (left === 0 && asked.last < asked.size - 1) return;
  }
}

/** How many bytes come before the first one that was asked for. */
function expectBytes(answer: StorageAnswer, asked: AskedBytes): number {
  const { statusCode, headers } = answer;
  try {
    if (statusCode !== 200 && statusCode !== 206)
      throw refused(statusCode, String(headers['retry-after'] ?? ''));
    if (!isPlain(headers['content-encoding'])) throw misbehaved('encoded');
    if (statusCode === 206) return expectRange(String(headers['content-range'] ?? ''), asked);
    const length = headers['content-length'];
    if (length !== undefined && Number(length) !== asked.size) throw misbehaved('another size');
    return asked.first;
  } catch (error) {
    discard(answer);
    throw error;
  }
}

function expectRange(contentRange: string, { first, size }: AskedBytes): number {
  const [, begin, , total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(contentRange.trim()) ?? [];
  if (Number(begin) !== first) throw misbehaved('another range');
  if (total !== '*' && Number(total) !== size) throw misbehaved('another size');
  return 0;
}

const isPlain = (encoding: string | string[] | undefined): boolean =>
  encoding === undefined || encoding === '' || encoding === 'identity';

/** 400 is how some storages call a signature that has expired. */
const REFUSED: ReadonlySet<number> = new Set([400, 401, 403, 404, 410]);

function refused(status: number, retryAfter: string): AntipodeError {
  if (REFUSED.has(status)) return new RefusedLink(status);
  const code: Code =
    status === 429 ? 'primary_limited' : status >= 500 ? 'primary_unavailable' : 'primary_misbehaved';
  return new AntipodeError(code, DOING, { status, ...(retryAfter ? { retryAfter } : {}) });
}

const misbehaved = (reason: string): AntipodeError =>
  new AntipodeError('primary_misbehaved', DOING, { reason });
