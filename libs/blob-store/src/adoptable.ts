import { stat } from 'node:fs/promises';
import { AntipodeError } from '@antipode/errors';
import type { Blob } from './blob-store.js';

/**
 * The last look at a file before it becomes a blob: its hash was verified while it was written, its length is cheap.
 *
 * @throws AntipodeError `invalid`, `cancelled`
 */
export async function adoptable(blob: Blob, file: string, signal: AbortSignal | undefined): Promise<void> {
  const { size } = await stat(file);
  if (size !== blob.size)
    throw new AntipodeError('invalid', 'adopting a file of another size', { ...blob, found: size });
  if (signal?.aborted) throw new AntipodeError('cancelled', 'adopting a file');
}
