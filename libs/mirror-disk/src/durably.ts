import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AntipodeError } from '@antipode/errors';

/**
 * Replaces a file so that a reader, also after a power cut, finds the old or the new content, never a mixture.
 *
 * @throws AntipodeError `disk_full`; the old content stays.
 */
export async function replaceFile(path: string, content: Buffer | string): Promise<void> {
  const beside = `${path}.next`;
  try {
    await writeAndFlush(beside, content);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw explainDiskError(error, 'writing a file');
  }
  await flushFolder(dirname(path));
}

async function writeAndFlush(path: string, content: Buffer | string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    // Without this the rename may reach the disk before the bytes do.
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes renames inside a folder survive a power cut. */
export async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A full disk is something an operator can act on; it gets its own code. */
export function explainDiskError(error: unknown, doing: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new AntipodeError(
    'disk_full',
    doing,
    { code },
    { cause: error, hint: 'The disk of this mirror is full.' },
  );
}
