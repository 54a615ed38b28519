import { AntipodeError } from '@antipode/errors';

/** One object as `git cat-file --batch` prints it. */
export interface BatchedObject {
  readonly oid: string;
  readonly type: string;
  /** Good until the next object is asked for. */
  readonly content: Buffer;
}

/** Whoever reads larger objects does not read them by this. */
const LARGEST = 1024 * 1024;
const LINE_FEED = 0x0a;
const HEADER = /^([0-9a-f]{40,64}) ([a-z]+) (\d{1,15})$/;

/**
 * Reads the output of `git cat-file --batch`, however it is sliced: "<oid> <type> <size>LF<content>LF" per object.
 *
 * @throws AntipodeError `mirror_damaged` where an object is missing; `internal` where git was ended inside one.
 */
export async function* readBatch(chunks: AsyncIterable<Buffer>): AsyncGenerator<BatchedObject> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    pending = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk;
    let at = 0;
    for (;;) {
      const found = objectAt(pending, at);
      if (!found) break;
      yield found.object;
      at = found.end;
    }
    pending = pending.subarray(at);
  }
  if (pending.length > 0)
    throw new AntipodeError('internal', 'reading objects', { problem: 'git ended early' });
}

/** Undefined where the rest of it has not come yet. */
function objectAt(buffer: Buffer, at: number): { object: BatchedObject; end: number } | undefined {
  const lineEnd = buffer.indexOf(LINE_FEED, at);
  if (lineEnd < 0) return undefined;
  const line = buffer.toString('latin1', at, lineEnd);
  const [, oid = '', type = '', size] = HEADER.exec(line) ?? [];
  if (size === undefined) throw damaged(line.slice(0, 200));
  const end = lineEnd + 1 + Number(size);
  if (Number(size) > LARGEST) throw new AntipodeError('too_large', 'reading an object', { oid, size });
  if (buffer.length <= end) return undefined;
  return { object: { oid, type, content: buffer.subarray(lineEnd + 1, end) }, end: end + 1 };
}

const damaged = (problem: string): AntipodeError =>
  new AntipodeError('mirror_damaged', 'reading objects', { problem });
