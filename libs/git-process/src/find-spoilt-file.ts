import { createHash } from 'node:crypto';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AntipodeError } from '@antipode/errors';

/** Where git keeps files that end with a checksum of all their other bytes; gitformat-pack(5), gitformat-commit-graph(5). */
const CHECKED: readonly { readonly folder: string; readonly names: RegExp }[] = [
  {
    folder: 'objects/pack',
    names:
      /^(?:pack-[0-9a-f]+\.(?:pack|idx|rev|bitmap|mtimes)|multi-pack-index(?:-[0-9a-f]+\.(?:bitmap|rev))?)$/,
  },
  { folder: 'objects/info', names: /^commit-graph$/ },
  { folder: 'objects/info/commit-graphs', names: /^graph-[0-9a-f]+\.graph$/ },
];

const CHUNK = 1024 * 1024;
const HASH_BYTES = { sha1: 20, sha256: 32 } as const;

/**
 * Reads every pack and index of a repository, gently, and compares each with its own checksum: a flipped bit anywhere
 * is found, also in a blob, without unpacking a single object.
 *
 * @returns the first file that is not as it was written; undefined where all are.
 * @throws AntipodeError `cancelled`.
 */
export async function findSpoiltFile(
  repository: string,
  { objectFormat, signal }: { objectFormat: 'sha1' | 'sha256'; signal: AbortSignal },
): Promise<string | undefined> {
  for (const { folder, names } of CHECKED) {
    const found = await readdir(join(repository, folder)).catch(() => []);
    for (const name of found.filter((one) => names.test(one))) {
      const path = join(repository, folder, name);
      if (!(await isAsWritten(path, { objectFormat, signal }))) return `${folder}/${name}`;
    }
  }
  return undefined;
}

async function isAsWritten(
  path: string,
  { objectFormat, signal }: { objectFormat: 'sha1' | 'sha256'; signal: AbortSignal },
): Promise<boolean> {
  const file = await open(path).catch(absent);
  // A repack may have replaced it between the listing and now.
  if (!file) return true;
  try {
    const { size } = await file.stat();
    const end = size - HASH_BYTES[objectFormat];
    if (end < 0) return false;
    const hash = createHash(objectFormat);
    for await (const chunk of gently(file, end, signal)) hash.update(chunk);
    const { buffer, bytesRead } = await file.read({ position: end, buffer: Buffer.alloc(size - end) });
    return bytesRead === size - end && hash.digest().equals(buffer);
  } catch (error) {
    // A sector that cannot be read is as bad as one that reads wrong.
    if ((error as NodeJS.ErrnoException).code === 'EIO') return false;
    throw error;
  } finally {
    await file.close();
  }
}

/** The first `end` bytes; rests as long as it works, for readers come first. */
async function* gently(file: FileHandle, end: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  let position = 0;
  while (position < end) {
    if (signal.aborted) throw new AntipodeError('cancelled', 'reading the packs of a repository');
    const started = performance.now();
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK, end - position), position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
    await sleep(performance.now() - started);
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
