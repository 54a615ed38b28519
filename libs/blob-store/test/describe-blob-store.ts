import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Blob, BlobStore } from '../src/blob-store.js';

export interface OpenBlobStore extends AsyncDisposable {
  readonly store: BlobStore;
}

export const blobOf = (bytes: Buffer): Blob => ({
  oid: createHash('sha256').update(bytes).digest('hex'),
  size: bytes.length,
});

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
      await store.put(blob, Readable.from([bytes.subarray(0, 33), bytes.subarray(33)]));
      return { bytes, blob };
    };
    const read = async (...question: Parameters<BlobStore['read']>): Promise<Buffer | undefined> => {
      const stream = await store.read(...question);
      return stream && buffer(stream);
    };
    const expectAbsent = async ({ oid }: Blob): Promise<void> => {
      expect(await store.sizeOf(oid)).toBeUndefined();
      expect(await store.read(oid)).toBeUndefined();
    };

    it('gives back what it took', async () => {
      const { bytes, blob } = await given();
      expect(await store.sizeOf(blob.oid)).toBe(blob.size);
      expect(await read(blob.oid)).toEqual(bytes);
    });

    it('keeps an empty blob like another', async () => {
      const { blob } = await given(Buffer.alloc(0));
      expect(await store.sizeOf(blob.oid)).toBe(0);
      expect(await read(blob.oid)).toEqual(Buffer.alloc(0));
    });

    it('reads a part, with both of its ends', async () => {
      const { bytes, blob } = await given();
      expect(await read(blob.oid, { first: 10, last: 19 })).toEqual(bytes.subarray(10, 20));
      expect(await read(blob.oid, { first: 99_999, last: 99_999 })).toEqual(bytes.subarray(99_999));
    });

    it('takes the same blob again, also twice at the same time', async () => {
      const { bytes, blob } = await given();
      await Promise.all([1, 2].map(() => store.put(blob, Readable.from([bytes]))));
      expect(await read(blob.oid)).toEqual(bytes);
    });

    it.each([
      ['other bytes', (bytes: Buffer): Buffer[] => [Buffer.from(bytes).fill(0, 5, 6)]],
      ['too few bytes', (bytes: Buffer): Buffer[] => [bytes.subarray(1)]],
      ['too many bytes', (bytes: Buffer): Buffer[] => [bytes, Buffer.from('x')]],
    ])('refuses %s, and has nothing of them', async (_, lie) => {
      const bytes = randomBytes(5000).fill(1, 5, 6);
      const blob = blobOf(bytes);
      await expect(store.put(blob, Readable.from(lie(bytes)))).rejects.toMatchObject({
        code: 'primary_misbehaved',
      });
      await expectAbsent(blob);
    });

    it('has nothing of a blob whose source breaks off, and takes it the next time', async () => {
      const bytes = randomBytes(5000);
      const blob = blobOf(bytes);
      const broken = Readable.from(
        (function* () {
          yield bytes.subarray(0, 100);
          throw new Error('the line went dead');
        })(),
      );
      await expect(store.put(blob, broken)).rejects.toThrow('the line went dead');
      await expectAbsent(blob);
      await given(bytes);
      expect(await read(blob.oid)).toEqual(bytes);
    });

    it('stops when it is told to, and lets go of the source', async () => {
      const blob = blobOf(randomBytes(10));
      const endless = new Readable({ read: () => undefined });
      const stop = new AbortController();
      const putting = store.put(blob, endless, stop.signal);
      stop.abort();
      await expect(putting).rejects.toMatchObject({ code: 'cancelled' });
      expect(endless.destroyed).toBe(true);
      await expectAbsent(blob);
    });

    it('forgets what is removed, though whoever reads it reads on', async () => {
      const { bytes, blob } = await given();
      const stream = await store.read(blob.oid);
      await store.remove(blob.oid);
      await expectAbsent(blob);
      expect(stream && (await buffer(stream))).toEqual(bytes);
      await store.remove(blob.oid);
    });

    it('names all that it has', async () => {
      const blobs = [(await given()).blob, (await given()).blob];
      const listed: Blob[] = [];
      for await (const blob of store.list()) listed.push(blob);
      expect(listed).toEqual(expect.arrayContaining(blobs));
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
