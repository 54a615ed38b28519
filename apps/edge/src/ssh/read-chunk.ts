import type { Readable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';

const EVENTS = ['readable', 'end', 'close', 'error'] as const;

/**
 * The next bytes of a stream; undefined at its end. Leaves the stream as it is otherwise.
 *
 * @throws AntipodeError `cancelled` when `signal` aborts.
 */
export async function readChunk(stream: Readable, signal: AbortSignal): Promise<Buffer | undefined> {
  for (;;) {
    if (signal.aborted) throw new AntipodeError('cancelled', 'reading from the client');
    const chunk = stream.read() as Buffer | null;
    if (chunk !== null) return chunk;
    if (stream.readableEnded || stream.destroyed) return undefined;
    await change(stream, signal);
  }
}

function change(stream: Readable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of EVENTS) stream.off(event, done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    for (const event of EVENTS) stream.once(event, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
