import { mkdir, open, opendir, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import { adoptable } from './adoptable.js';
import type { Blob, BlobStore, ByteRange } from './blob-store.js';
import { blobPath, incomingFolder, isOid, objectsFolder, openBlob, orAbsent } from './directory-layout.js';
import { sweepIncoming } from './incoming.js';
import { FULL, Room, type RoomOptions } from './room.js';

export interface DirectoryStoreOptions extends RoomOptions {
  /** Of the store alone. */
  readonly root: string;
}

/** Each read is a trip to the thread pool; the default of 64 KiB makes eight of one. */
const READ_BYTES = 512 * 1024;

/** Blobs as files of one folder; its layout is drawn in directory-layout.ts. */
export class DirectoryStore implements BlobStore {
  readonly incomingFolder: string;
  private readonly room: Room;

  constructor(private readonly options: DirectoryStoreOptions) {
    this.incomingFolder = incomingFolder(options.root);
    this.room = new Room(options.root, options, () => this.list());
  }

  async open(): Promise<void> {
    await mkdir(objectsFolder(this.options.root), { recursive: true });
    await mkdir(this.incomingFolder, { recursive: true });
    await this.sweep();
    this.room.count();
  }

  sweep(): Promise<void> {
    return sweepIncoming(this.incomingFolder);
  }

  close(): Promise<void> {
    this.room.close();
    return Promise.resolve();
  }

  requireRoom(bytes: number, largest?: number): Promise<void> {
    return this.room.require(bytes, largest);
  }

  async sizeOf(oid: string): Promise<number | undefined> {
    return (await orAbsent(async () => stat(this.pathOf(oid))))?.size;
  }

  async read(oid: string, range?: ByteRange): Promise<Readable | undefined> {
    const file = await openBlob(this.options.root, oid);
    const part = range ? { start: range.first, end: range.last } : {};
    return file?.createReadStream({ ...part, highWaterMark: READ_BYTES });
  }

  async adopt(blob: Blob, file: string, signal?: AbortSignal): Promise<void> {
    const path = this.pathOf(blob.oid);
    await adoptable(blob, file, signal);
    try {
      await flush(file);
      const before = (await this.sizeOf(blob.oid)) ?? 0;
      await makeFolder(dirname(path));
      await rename(file, path);
      this.room.changed(blob.size - before);
      await flush(dirname(path));
    } catch (error) {
      throw explain(error);
    }
  }

  async remove(oid: string): Promise<void> {
    const size = (await this.sizeOf(oid)) ?? 0;
    const removed = await orAbsent(async () => unlink(this.pathOf(oid)).then(() => true));
    // Of two who remove it at the same time, one has removed it.
    if (removed) this.room.changed(-size);
  }

  async *list(): AsyncIterable<Blob> {
    for (const path of await foldersBelow(objectsFolder(this.options.root))) {
      // Folder by folder: a store may hold millions.
      for await (const { name } of await opendir(path)) {
        const found = await orAbsent(() => stat(join(path, name)));
        if (found && isOid(name)) yield { oid: name, size: found.size };
      }
    }
  }

  private pathOf(oid: string): string {
    return blobPath(this.options.root, oid);
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

/** A folder's name lives in its parent, which has to reach the disk as well. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  await flush(dirname(path));
  await flush(dirname(first));
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function explain(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new AntipodeError('disk_full', 'taking in an object', { code }, { cause: error, hint: FULL });
}
