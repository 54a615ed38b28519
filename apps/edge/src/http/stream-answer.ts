import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AntipodeError } from '@antipode/errors';

export interface StreamLimits {
  /** A client that takes nothing for this long, or a source that gives nothing, is cut off. */
  readonly idleMs: number;
  readonly totalMs: number;
}

export interface StreamedAnswer {
  readonly opening?: Buffer;
  readonly rest: Readable;
  /** Rejects where the source ended badly although its bytes came to an end. */
  readonly finished: Promise<void>;
}

/**
 * Copies an answer to the client; the slower of the two sets the pace.
 *
 * However it fails, the connection is destroyed: half an answer must never look like a whole one.
 */
export async function streamAnswer(
  response: ServerResponse,
  answer: StreamedAnswer,
  limits: StreamLimits,
): Promise<void> {
  const stop = watchStream(response, limits);
  try {
    if (answer.opening && answer.opening.length > 0) response.write(answer.opening);
    // The last chunk, which tells the client that all is there, waits for the source's own good end.
    await pipeline(answer.rest, response, { end: false });
    await answer.finished;
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    stop();
  }
}

/**
 * Destroys an answer in which nothing moves; returns what ends the watch.
 *
 * By looking at a count now and then: no work per chunk. The count is the bytes that the client took, unless told otherwise.
 */
export function watchStream(
  response: ServerResponse,
  { idleMs, totalMs }: StreamLimits,
  count: () => number = () => response.socket?.bytesWritten ?? 0,
): () => void {
  let written = count();
  let quietSince = Date.now();
  const startedAt = Date.now();
  const timer = setInterval(
    () => {
      const now = Date.now();
      const current = count();
      if (current !== written) quietSince = now;
      written = current;
      if (now - quietSince >= idleMs || now - startedAt >= totalMs) {
        response.destroy(new AntipodeError('timed_out', 'sending an answer', { sent: written }));
      }
    },
    Math.min(idleMs, totalMs, 5000) / 2,
  );
  return () => clearInterval(timer);
}
