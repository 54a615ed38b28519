import type { Readable, Writable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import { writeAll } from './channel-output.js';

/**
 * Copies a source into a stream that lives on, at the pace of the slower one. The source is destroyed when that fails.
 *
 * Not `pipeline`: one conversation is many answers on one stream, and it leaves its listeners behind for each.
 *
 * @throws AntipodeError `cancelled` when `signal` aborts; whatever the source fails with.
 */
export async function pour(source: Readable, target: Writable, signal: AbortSignal): Promise<void> {
  const stop = (): void => void source.destroy(new AntipodeError('cancelled', 'sending an answer'));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) await writeAll(target, chunk);
    if (signal.aborted) throw new AntipodeError('cancelled', 'sending an answer');
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
