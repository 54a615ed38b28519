import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository } from '../state/model.js';
import type { LfsObject } from './lfs-object.js';

/** The large files, each in its repository's own folder: what belongs to one repository is unknown to all others. */
export class LfsDisk {
  readonly #root: string;

  constructor(dataDirectory: string) {
    this.#root = join(dataDirectory, 'lfs');
  }

  /** @returns its size in bytes; undefined where the repository has no such object */
  async sizeOf(repositoryUuid: string, oid: string): Promise<number | undefined> {
    return stat(this.#file(repositoryUuid, oid)).then(
      ({ size }) => size,
      () => undefined,
    );
  }

  /** @param range first and last byte, both included */
  read(repositoryUuid: string, oid: string, range: { start: number; end: number }): ReadStream {
    return createReadStream(this.#file(repositoryUuid, oid), { ...range, highWaterMark: 256 * 1024 });
  }

  /** Written beside and renamed once it is whole. @throws WrongBytes where it is not what was promised; then nothing is kept */
  async write(
    repositoryUuid: string,
    bytes: AsyncIterable<Buffer> | Iterable<Buffer>,
    promised?: LfsObject,
  ): Promise<LfsObject> {
    const staging = join(this.#root, `${randomUUID()}.new`);
    await mkdir(this.#folder(repositoryUuid), { recursive: true });
    try {
      const found = await spool(bytes, staging);
      if (promised && (promised.oid !== found.oid || promised.size !== found.size)) throw new WrongBytes();
      await rename(staging, this.#file(repositoryUuid, found.oid));
      return found;
    } finally {
      await rm(staging, { force: true });
    }
  }

  async list(repositoryUuid: string): Promise<LfsObject[]> {
    const oids = await readdir(this.#folder(repositoryUuid)).catch(() => []);
    return Promise.all(
      oids.toSorted().map(async (oid) => ({ oid, size: (await this.sizeOf(repositoryUuid, oid)) ?? 0 })),
    );
  }

  /** A fork has everything that its parent has. */
  async copy(from: Repository, to: Repository): Promise<void> {
    const objects = await this.list(from.uuid);
    await mkdir(this.#folder(to.uuid), { recursive: true });
    await Promise.all(objects.map(({ oid }) => link(this.#file(from.uuid, oid), this.#file(to.uuid, oid))));
  }

  async remove(repository: Repository): Promise<void> {
    await rm(this.#folder(repository.uuid), { recursive: true, force: true });
  }

  #folder(repositoryUuid: string): string {
    return join(this.#root, repositoryUuid.slice(1, -1));
  }

  #file(repositoryUuid: string, oid: string): string {
    return join(this.#folder(repositoryUuid), oid);
  }
}

/** What arrived is not what its name says. */
export class WrongBytes extends Error {}

async function spool(bytes: AsyncIterable<Buffer> | Iterable<Buffer>, path: string): Promise<LfsObject> {
  const hash = createHash('sha256');
  let size = 0;
  await using file = await open(path, 'wx');
  for await (const chunk of bytes) {
    hash.update(chunk);
    size += chunk.length;
    await file.writeFile(chunk);
  }
  return { oid: hash.digest('hex'), size };
}
