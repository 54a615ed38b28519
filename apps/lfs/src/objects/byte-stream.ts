import { once } from 'node:events';
import { Readable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';

const BUFFER_BYTES = 128 * 1024;

/** Bytes at the reader's pace. When the stream is over, read to its end or not, `stopping` aborts. */
export const toStream = (bytes: AsyncIterable<Buffer>, stopping: AbortController): Readable =>
  new ByteStream(bytes[Symbol.asyncIterator](), stopping);

/**
 * Not `Readable.from`: that one waits for its generator before it closes, and ours may wait for a primary that is
 * silent. Here the end comes first, and the generator hears of it by its signal.
 */
class ByteStream extends Readable {
  private wanted = false;
  private pulling = false;

  constructor(
    private readonly bytes: AsyncIterator<Buffer>,
    private readonly stopping: AbortController,
  ) {
    super({ highWaterMark: BUFFER_BYTES });
  }

  override _read(): void {
    this.wanted = true;
    if (!this.pulling) void this.pull();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.stopping.abort();
    void this.bytes.return?.().catch(() => undefined);
    done(error);
  }

  private async pull(): Promise<void> {
    this.pulling = true;
    try {
      while (this.wanted && !this.destroyed) {
        this.wanted = false;
        const next = await this.bytes.next();
        if (!this.destroyed) this.push(next.done ? null : next.value);
      }
    } catch (error) {
      this.destroy(error as Error);
    } finally {
      this.pulling = false;
    }
  }
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
