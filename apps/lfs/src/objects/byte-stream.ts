import { once } from 'node:events';
import { Readable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';

const BUFFER_BYTES = 128 * 1024;

/** Bytes at the reader's pace. When the stream closes, read to its end or not, `stopping` aborts. */
export function toStream(bytes: AsyncIterable<Buffer>, stopping: AbortController): Readable {
  const stream = Readable.from(bytes, { objectMode: false, highWaterMark: BUFFER_BYTES });
  // A generator that waits for something hears of the end only by its signal.
  return stream.once('close', () => stopping.abort());
}

/** Resolves with the stream when there is something to read, or nothing at all. @throws whatever ends it before. */
export async function begun(stream: Readable, signal: AbortSignal | undefined): Promise<Readable> {
  try {
    await unlessAborted(once(stream, 'readable'), signal);
    return stream;
  } catch (error) {
    stream.on('error', () => undefined).destroy();
    throw error;
  }
}

/** @throws AntipodeError `cancelled` as soon as the signal aborts, whatever becomes of the work. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(new AntipodeError('cancelled', 'waiting for an object'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
