import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

const LARGEST_LOG_BYTES = 10 * 1024 * 1024;

/** The log of one part. */
export const logOf = (dataFolder: string, name: string): string => join(dataFolder, 'logs', `${name}.log`);

/** Before a start: a log that has grown large becomes `<name>.log.1`, and the one before it is let go. */
export async function rotateLog(dataFolder: string, name: string): Promise<void> {
  const path = logOf(dataFolder, name);
  await mkdir(join(dataFolder, 'logs'), { recursive: true });
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LARGEST_LOG_BYTES) await rename(path, `${path}.1`);
}
