import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { AntipodeError, toAntipodeError } from '@antipode/errors';

export interface ReadBodyOptions {
  /** Of the decoded body: a gzip bomb ends here. */
  readonly maxBytes: number;
  readonly budget: BodyBudget;
  /** A client that sends nothing for this long is given up. */
  readonly idleMs: number;
  /** One that has not sent it all after this long is so, too: a byte now and then must not hold the rest in memory. */
  readonly totalMs: number;
}

/** Time enough for the largest that may come, at the pace of a thin line. */
export const bodyTotalMs = (maxBytes: number): number => LEAST_TOTAL_MS + maxBytes / LEAST_BYTES_PER_MS;

const LEAST_TOTAL_MS = 60_000;
const LEAST_BYTES_PER_MS = 128;

export interface RequestBody {
  /** As the client sent it. */
  readonly raw: Buffer;
  readonly decoded: Buffer;
  /** Must be called when neither is needed any more. */
  readonly release: () => void;
}

/** How many bytes of request bodies may be held in memory at one moment, by all requests together. */
export class BodyBudget {
  private held = 0;

  constructor(private readonly maxBytes: number) {}

  /** @throws AntipodeError `busy` where there is no room. */
  take(bytes: number): void {
    if (this.held + bytes > this.maxBytes)
      throw new AntipodeError('busy', 'reading a request: no memory left');
    this.held += bytes;
  }

  give(bytes: number): void {
    this.held -= bytes;
  }
}

/**
 * Reads a request's body whole, however it was sent (Content-Length, chunked, gzip), within bounds.
 *
 * @throws AntipodeError `too_large`, `unsupported` (encoding), `invalid` (broken gzip), `timed_out`, `cancelled`, `busy`.
 */
export async function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<RequestBody> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  const isGzip = encoding === 'gzip' || encoding === 'x-gzip';
  if (!isGzip && encoding !== 'identity' && encoding !== '')
    throw new AntipodeError('unsupported', 'reading a request: unknown encoding');
  const held = new Held(options);
  try {
    const raw = await collect(request, held, options);
    const decoded = isGzip ? await gunzip(raw, held) : raw;
    return { raw, decoded, release: held.release };
  } catch (error) {
    held.release();
    throw error;
  }
}

/** What one body has taken of the budget. */
class Held {
  private bytes = 0;

  constructor(private readonly options: ReadBodyOptions) {}

  take(bytes: number): void {
    this.options.budget.take(bytes);
    this.bytes += bytes;
  }

  requireBelowLimit(bytes: number): void {
    if (bytes > this.options.maxBytes)
      throw new AntipodeError('too_large', 'reading a request', { limit: this.options.maxBytes });
  }

  readonly release = (): void => {
    this.options.budget.give(this.bytes);
    this.bytes = 0;
  };
}

function collect(
  request: IncomingMessage,
  held: Held,
  { idleMs, totalMs }: Pick<ReadBodyOptions, 'idleMs' | 'totalMs'>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      timer.refresh();
      size += chunk.length;
      try {
        held.requireBelowLimit(size);
        held.take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        stop(toAntipodeError(error, 'reading a request'));
      }
    };
    const onEnd = (): void => {
      settle();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
    };
    const onGone = (): void => stop(new AntipodeError('cancelled', 'reading a request: the client is gone'));
    const stop = (error: AntipodeError): void => {
      settle();
      request.pause();
      reject(error);
    };
    const settle = (): void => {
      clearTimeout(timer);
      clearTimeout(end);
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      // A late reset of the connection must find a listener.
      request.on('error', () => undefined);
    };
    const late = (): void => stop(new AntipodeError('timed_out', 'reading a request'));
    const timer = setTimeout(late, idleMs);
    const end = setTimeout(late, totalMs);
    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}

/** In small steps, so that a bomb is noticed after the limit and not after its explosion. */
async function gunzip(raw: Buffer, held: Held): Promise<Buffer> {
  const stream = createGunzip();
  stream.end(raw);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Leaving the loop by an error destroys the stream.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      held.requireBelowLimit(size);
      held.take(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof AntipodeError) throw error;
    throw new AntipodeError('invalid', 'reading a request: broken gzip', {}, { cause: error });
  }
  return Buffer.concat(chunks, size);
}
