import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { searchPath } from '../config.js';

/** The first of these programs on the PATH, or undefined. */
export async function findProgram(names: readonly string[]): Promise<string | undefined> {
  // Debian keeps servers in sbin, which is not on everybody's PATH.
  const folders = [...searchPath().split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean);
  for (const path of folders.flatMap((folder) => names.map((name) => join(folder, name)))) {
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}
