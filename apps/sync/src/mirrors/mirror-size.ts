import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@antipode/mirror-disk';

/** What a repository's packs take on disk, in bytes; all else is small beside them. */
export async function packedBytes(repository: string): Promise<number> {
  const folder = join(repository, 'objects/pack');
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        // A repack may have replaced it between the two calls.
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const receivedFile = (repository: string): string => join(repository, 'antipode/received-bytes');

/** How much this node has received for a repository so far; it only informs, so a lost count starts anew. */
export async function readReceived(repository: string): Promise<number> {
  const text = await readFile(receivedFile(repository), 'latin1').catch(() => '');
  return Number(/^\d{1,15}/.exec(text)?.[0] ?? 0);
}

export async function writeReceived(repository: string, bytes: number): Promise<void> {
  await replaceFile(receivedFile(repository), `${bytes}\n`).catch(() => undefined);
}
