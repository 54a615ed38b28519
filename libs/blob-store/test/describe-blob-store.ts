import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isAntipodeError } from '@antipode/errors';
import { eventually } from '@antipode/testing';
import type { Blob, BlobStore } from '../src/blob-store.js';

export interface OpenBlobStore extends AsyncDisposable {
  readonly store: BlobStore;
  /** Another one at the same place, opened; it takes no more than so many bytes. */
  again(maxBytes: number): Promise<BlobStore>;
}

export const blobOf = (bytes: Buffer): Blob => ({
  oid: createHash('sha256').update(bytes).digest('hex'),
  size: bytes.length,
});

/** As an arrival leaves it: whole, hashed, in the incoming folder. */
export async function arrived(store: BlobStore, bytes: Buffer): Promise<string> {
  const file = join(store.incomingFolder, randomUUID());
  await writeFile(file, bytes);
  return file;
}

/** What every place for blobs must do. */
export function describeBlobStore(name: string, open: () => Promise<OpenBlobStore>): void {
  describe(`${name}, as a place for blobs`, () => {
    let here: OpenBlobStore;
    let store: BlobStore;

    beforeAll(async () => {
      here = await open();
      store = here.store;
    });
    afterAll(async () => here[Symbol.asyncDispose]());

    const given = async (bytes: Buffer = randomBytes(100_000)): Promise<{ bytes: Buffer; blob: Blob }> => {
      const blob = blobOf(bytes);
      await store.adopt(blob, await arrived(store, bytes));
      return { bytes, blob };
    };
    const read = async (...question: Parameters<BlobStore['read']>): Promise<Buffer> => {
      const stream = await store.read(...question);
      if (!stream) throw new Error('it is not there');
      return buffer(stream);
    };
    const expectAbsent = async ({ oid }: Blob): Promise<void> => {
      expect(await store.sizeOf(oid)).toBeUndefined();
      expect(await store.read(oid)).toBeUndefined();
    };

    it('gives back what it took', async () => {
      const { bytes, blob } = await given();
      expect(await store.sizeOf(blob.oid)).toBe(blob.size);
      expect(blobOf(await read(blob.oid))).toEqual(blobOf(bytes));
    });

    it('keeps an empty blob like another', async () => {
      const { blob } = await given(Buffer.alloc(0));
      expect(await store.sizeOf(blob.oid)).toBe(0);
      expect(blobOf(await read(blob.oid))).toEqual(blobOf(Buffer.alloc(0)));
    });

    it('reads a part, with both of its ends', async () => {
      const { bytes, blob } = await given();
      expect(blobOf(await read(blob.oid, { first: 10, last: 19 }))).toEqual(blobOf(bytes.subarray(10, 20)));
      expect(blobOf(await read(blob.oid, { first: 99_999, last: 99_999 }))).toEqual(
        blobOf(bytes.subarray(99_999)),
      );
    });

    it('takes the same blob again, also twice at the same time', async () => {
      const { bytes, blob } = await given();
      const files = await Promise.all([1, 2].map(() => arrived(store, bytes)));
      await Promise.all(files.map((file) => store.adopt(blob, file)));
      expect(blobOf(await read(blob.oid))).toEqual(blobOf(bytes));
    });

    it('leaves nothing of what it took in the incoming folder', async () => {
      const bytes = randomBytes(100);
      const file = await arrived(store, bytes);
      await store.adopt(blobOf(bytes), file);
      await expect(access(file)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('refuses a file of another size, and leaves it where it is', async () => {
      const blob = blobOf(randomBytes(5000));
      const file = await arrived(store, Buffer.from('too short'));
      await expect(store.adopt(blob, file)).rejects.toMatchObject({ code: 'invalid' });
      await expectAbsent(blob);
      expect(await readFile(file, 'utf8')).toBe('too short');
    });

    it('does not begin when it is told to stop, and leaves the file where it is', async () => {
      const bytes = randomBytes(10);
      const file = await arrived(store, bytes);
      await expect(store.adopt(blobOf(bytes), file, AbortSignal.abort())).rejects.toMatchObject({
        code: 'cancelled',
      });
      await expectAbsent(blobOf(bytes));
      expect(await readFile(file)).toEqual(bytes);
    });

    it('forgets what is removed, though whoever reads it reads on', async () => {
      const { blob } = await given();
      const stream = await store.read(blob.oid);
      await store.remove(blob.oid);
      await expectAbsent(blob);
      expect(stream && blobOf(await buffer(stream))).toEqual(blob);
      await store.remove(blob.oid);
    });

    it('names all that it has', async () => {
      const blobs = [(await given()).blob, (await given()).blob];
      const listed: Blob[] = [];
      for await (const blob of store.list()) listed.push(blob);
      expect(listed).toEqual(expect.arrayContaining(blobs));
    });

    it('refuses more than its quota, and counts what was there, what came and what went', async () => {
      const { blob } = await given();
      let held = 0;
      for await (const { size } of store.list()) held += size;

      const full = await here.again(held + 10);
      await eventually(async () => {
        const refused = await full.requireRoom(11).catch((error: unknown) => error);
        return isAntipodeError(refused) && refused.code === 'disk_full';
      });
      await full.requireRoom(10);
      await full.remove(blob.oid);
      await full.requireRoom(10 + blob.size);
      const bytes = randomBytes(20);
      await full.adopt(blobOf(bytes), await arrived(full, bytes));
      await full.adopt(blobOf(bytes), await arrived(full, bytes));
      await full.requireRoom(blob.size - 10);
      await expect(full.requireRoom(blob.size - 9)).rejects.toMatchObject({ code: 'disk_full' });
      await full.close();
    });

    it.each(['', 'x', '../../etc/passwd', 'a'.repeat(63), 'A'.repeat(64), `${'a'.repeat(64)}/x`])(
      'takes %j for no oid',
      async (oid) => {
        await expect(store.sizeOf(oid)).rejects.toMatchObject({ code: 'invalid' });
        await expect(store.read(oid)).rejects.toMatchObject({ code: 'invalid' });
        await expect(store.remove(oid)).rejects.toMatchObject({ code: 'invalid' });
      },
    );
  });
}
