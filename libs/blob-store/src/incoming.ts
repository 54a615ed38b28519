import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { orAbsent } from './directory-layout.js';

/** Younger ones may belong to somebody who is still writing. */
const ABANDONED_MS = 3_600_000;

/** Removes what a killed process left half-way. */
export async function sweepIncoming(folder: string): Promise<void> {
  const oldest = Date.now() - ABANDONED_MS;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await orAbsent(() => stat(path));
    if (found && found.mtimeMs < oldest) await rm(path, { force: true });
  }
}
