import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AntipodeError } from '@antipode/errors';

/**
 * A stream's bytes, so fast at most.
 *
 * @throws AntipodeError `cancelled`; the stream is destroyed then.
 */
export async function* gently(
  stream: Readable,
  bytesPerSecond: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const startedAt = performance.now();
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    yield chunk;
    bytes += chunk.length;
    const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - startedAt);
    if (aheadMs > 1) await sleep(aheadMs, undefined, { signal }).catch(() => undefined);
    // Leaving the loop destroys the stream.
    if (signal.aborted) throw new AntipodeError('cancelled', 'reading gently');
  }
}
