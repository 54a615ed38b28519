import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, opendir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AntipodeError } from '@antipode/errors';
import type { Blob, BlobStore, ByteRange } from './blob-store.js';
import { Verified } from './verified.js';

export interface DirectoryStoreOptions {
  /** Of the store alone. */
  readonly root: string;
  /** So much of the disk stays free, in bytes: a full disk stops more than this store. */
  readonly keepFreeBytes: number;
}

/** Younger ones may belong to somebody who is still writing. */
const ABANDONED_MS = 24 * 3_600_000;

/**
 * Blobs as files of one folder.
 *
 *   <root>/objects/<2 hex>/<2 hex>/<oid>   whole and verified
 *   <root>/incoming/<oid>.<random>         on its way in; moved by rename
 */
export class DirectoryStore implements BlobStore {
  constructor(private readonly options: DirectoryStoreOptions) {}

  /** Makes the folders, and sweeps what a killed process left half-way. */
  async open(): Promise<void> {
    await mkdir(this.folder('objects'), { recursive: true });
    await mkdir(this.folder('incoming'), { recursive: true });
    const oldest = Date.now() - ABANDONED_MS;
    for (const name of await readdir(this.folder('incoming'))) {
      const path = join(this.folder('incoming'), name);
      const found = await stat(path).catch(() => undefined);
      if (found && found.mtimeMs < oldest) await rm(path, { force: true });
    }
  }

  async sizeOf(oid: string): Promise<number | undefined> {
    return (await orAbsent(stat(this.pathOf(oid))))?.size;
  }

  async read(oid: string, range?: ByteRange): Promise<Readable | undefined> {
    const file = await orAbsent(open(this.pathOf(oid), 'r'));
    return file?.createReadStream(range ? { start: range.first, end: range.last } : {});
  }

  async put(blob: Blob, source: Readable, signal?: AbortSignal): Promise<void> {
    const incoming = join(this.folder('incoming'), `${blob.oid}.${randomUUID()}`);
    try {
      await this.requireRoom(blob.size);
      await pipeline(source, new Verified(blob), createWriteStream(incoming, { flags: 'wx', flush: true }), {
        ...(signal ? { signal } : {}),
      });
      await this.publish(incoming, this.pathOf(blob.oid));
    } catch (error) {
      // A source that nobody reads any more would hold its connection.
      source.on('error', () => undefined).destroy();
      await rm(incoming, { force: true });
      throw explain(error, signal);
    }
  }

  async remove(oid: string): Promise<void> {
    await rm(this.pathOf(oid), { force: true });
  }

  async *list(): AsyncIterable<Blob> {
    const objects = this.folder('objects');
    for (const path of await foldersBelow(objects)) {
      // Folder by folder: a store may hold millions.
      for await (const { name } of await opendir(path)) {
        const found = await orAbsent(stat(join(path, name)));
        if (found && OID.test(name)) yield { oid: name, size: found.size };
      }
    }
  }

  /** @throws AntipodeError `disk_full` */
  private async requireRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.options.root);
    const free = bavail * bsize;
    if (free - bytes >= this.options.keepFreeBytes) return;
    throw new AntipodeError(
      'disk_full',
      'taking in an object',
      { free, wanted: bytes },
      { hint: 'The disk for LFS objects is full.' },
    );
  }

  /** The file's bytes are on the disk already; now its name. */
  private async publish(incoming: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await rename(incoming, path);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  private folder(name: 'objects' | 'incoming'): string {
    return join(this.options.root, name);
  }

  /** @throws AntipodeError `invalid`: an oid becomes a path, so it must be nothing but an oid. */
  private pathOf(oid: string): string {
    if (!OID.test(oid)) throw new AntipodeError('invalid', 'finding an object');
    return join(this.folder('objects'), oid.slice(0, 2), oid.slice(2, 4), oid);
  }
}

const OID = /^[0-9a-f]{64}$/;

async function orAbsent<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The second level: `objects/ab/cd`. */
async function foldersBelow(objects: string): Promise<string[]> {
  const first = await readdir(objects);
  const second = await Promise.all(
    first.map(async (name) =>
      (await readdir(join(objects, name))).map((below) => join(objects, name, below)),
    ),
  );
  return second.flat();
}

function explain(error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof AntipodeError) return error;
  if (signal?.aborted) return new AntipodeError('cancelled', 'taking in an object');
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new AntipodeError(
    'disk_full',
    'taking in an object',
    { code },
    { cause: error, hint: 'The disk for LFS objects is full.' },
  );
}
