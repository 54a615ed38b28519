import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isAntipodeError } from '@antipode/errors';
import { eventually, openScratch, startS3, type RunningS3, type Scratch } from '@antipode/testing';
import { createBlobStore } from '../src/create-blob-store.js';
import type { BlobStore } from '../src/blob-store.js';
import type { BlobStoreConfig } from '../src/settings.js';
import { arrived, blobOf, describeBlobStore } from './describe-blob-store.js';

const MIB = 1024 * 1024;

/** An S3, and stores in it. */
class House implements AsyncDisposable {
  private constructor(
    readonly s3: RunningS3,
    readonly scratch: Scratch,
  ) {}

  static async open(): Promise<House> {
    // Pages of three, so that whoever reads only the first one fails.
    const house = new House(await startS3({ pageSize: 3 }), await openScratch());
    await writeFile(house.scratch.file('secret'), `${house.s3.key.secret}\n`);
    return house;
  }

  async store(settings: Partial<BlobStoreConfig> = {}): Promise<BlobStore> {
    const store = await this.closed(settings);
    await store.open();
    return store;
  }

  closed(settings: Partial<BlobStoreConfig> = {}): Promise<BlobStore> {
    return createBlobStore(this.scratch.path, {
      LFS_STORE: 's3',
      LFS_KEEP_FREE_MIB: 0,
      LFS_MAX_GIB: 0,
      LFS_S3_BUCKET: this.s3.bucket,
      LFS_S3_PREFIX: 'lfs/',
      LFS_S3_REGION: 'eu-central-1',
      LFS_S3_ENDPOINT: this.s3.endpoint,
      LFS_S3_KEY_ID: this.s3.key.id,
      LFS_S3_SECRET_FILE: this.scratch.file('secret'),
      ...settings,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.s3[Symbol.asyncDispose]();
    await this.scratch[Symbol.asyncDispose]();
  }
}

describeBlobStore('an S3', async () => {
  const house = await House.open();
  const store = await house.store();
  return {
    store,
    again: (maxBytes) => house.store({ LFS_MAX_GIB: maxBytes / 1024 ** 3 }),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await house[Symbol.asyncDispose]();
    },
  };
});

describe('a bucket of blobs', () => {
  let house: House;
  let s3: RunningS3;
  let store: BlobStore;

  beforeAll(async () => {
    house = await House.open();
    s3 = house.s3;
    store = await house.store();
  });
  afterAll(async () => {
    await store.close();
    await house[Symbol.asyncDispose]();
  });

  const given = async (bytes = randomBytes(100_000)): Promise<{ bytes: Buffer; oid: string }> => {
    const blob = blobOf(bytes);
    await store.adopt(blob, await arrived(store, bytes));
    return { bytes, oid: blob.oid };
  };
  const asked = (what: RegExp): number => s3.requests.filter((request) => what.test(request)).length;

  it('keeps blobs under its prefix, and lists nothing else', async () => {
    const { oid } = await given();
    s3.objects.set('lfs/readme', Buffer.from('x')).set(`other/${oid}`, Buffer.from('x'));
    expect(s3.objects.has(`lfs/${oid}`)).toBe(true);
    const listed = [];
    for await (const blob of store.list()) listed.push(blob.oid);
    expect(listed).toEqual([oid]);
  });

  it('uploads a large blob in parts, also where one of them has to be sent again', async () => {
    const bytes = randomBytes(17 * MIB);
    s3.fail({ when: /^PUT .*partNumber=2/, times: 1, how: { status: 500, code: 'InternalError' } });
    const { oid } = await given(bytes);
    expect(asked(new RegExp(`^PUT .*${oid}.*partNumber`))).toBe(4);
    expect(s3.objects.get(`lfs/${oid}`)?.equals(bytes)).toBe(true);
    expect(s3.uploads.size).toBe(0);
    s3.objects.delete(`lfs/${oid}`);
  });

  it('leaves no parts behind where an upload fails, and the file where it is', async () => {
    const bytes = randomBytes(17 * MIB);
    const blob = blobOf(bytes);
    const file = await arrived(store, bytes);
    s3.fail({ when: /^PUT .*partNumber=2/, times: 1, how: { status: 507, code: 'XMinioStorageFull' } });
    await expect(store.adopt(blob, file)).rejects.toMatchObject({ code: 'disk_full' });
    expect(asked(new RegExp(`^PUT .*${blob.oid}.*partNumber=3`))).toBe(0);
    expect(s3.uploads.size).toBe(0);
    expect(blobOf(await readFile(file))).toEqual(blob);
  });

  it('gives up an upload in the middle when it is told to', async () => {
    const bytes = randomBytes(17 * MIB);
    const stop = new AbortController();
    s3.fail({ when: /^PUT .*partNumber=2/, times: 1, how: 'silence' });
    const adopting = store.adopt(blobOf(bytes), await arrived(store, bytes), stop.signal);
    await eventually(() => asked(new RegExp(`^PUT .*${blobOf(bytes).oid}.*partNumber=2`)) > 0);
    stop.abort();
    await expect(adopting).rejects.toMatchObject({ code: 'cancelled' });
    expect(s3.uploads.size).toBe(0);
  });

  it.each([10, 9 * MIB])('stores nothing of %d bytes that are not those of that name', async (size) => {
    const blob = blobOf(randomBytes(size));
    const file = await arrived(store, randomBytes(size));
    await expect(store.adopt(blob, file)).rejects.toMatchObject({ code: 'invalid' });
    expect(await store.sizeOf(blob.oid)).toBeUndefined();
    expect(s3.uploads.size).toBe(0);
  });

  it('uploads nothing that another node has brought', async () => {
    const { bytes, oid } = await given();
    await store.adopt(blobOf(bytes), await arrived(store, bytes));
    expect(asked(new RegExp(`^PUT .*${oid}`))).toBe(1);
  });

  it('asks again where the S3 stumbles', async () => {
    const { bytes, oid } = await given();
    s3.fail({ when: new RegExp(`^GET .*${oid}`), times: 2, how: { status: 500, code: 'InternalError' } });
    const stream = await store.read(oid);
    expect(stream && bytes.equals(await buffer(stream))).toBe(true);
  });

  it('reads on from where a connection was cut, to the end of the part that was asked for', async () => {
    const { bytes, oid } = await given();
    s3.fail({ when: new RegExp(`^GET .*${oid}`), times: 2, how: { cutAfter: 30_000 } });
    const stream = await store.read(oid, { first: 10, last: 90_000 });
    expect(stream && bytes.subarray(10, 90_001).equals(await buffer(stream))).toBe(true);
    expect(asked(new RegExp(`^GET .*${oid}`))).toBe(3);
  });

  it('breaks off where it is cut and cut again', async () => {
    const { oid } = await given();
    s3.fail({ when: new RegExp(`^GET .*${oid}`), times: 9, how: { cutAfter: 0 } });
    const stream = await store.read(oid);
    await expect(stream && buffer(stream)).rejects.toMatchObject({ code: 'service_unavailable' });
  });

  it('lets go of the connection of a stream that nobody reads', async () => {
    const { oid } = await given(randomBytes(8 * MIB));
    const stream = await store.read(oid);
    expect(s3.answering()).toBe(1);
    stream?.destroy();
    await eventually(() => s3.answering() === 0);
  });

  it('signs links that download, as a file and in parts, without a credential', async () => {
    const { bytes, oid } = await given();
    const link = (await store.presign?.(oid, { expiresInSeconds: 60 })) ?? '';
    const whole = await fetch(link);
    expect(bytes.equals(Buffer.from(await whole.arrayBuffer()))).toBe(true);
    expect(whole.headers.get('content-disposition')).toBe('attachment');
    expect(whole.headers.get('content-type')).toBe('application/octet-stream');
    const part = await fetch(link, { headers: { range: 'bytes=99990-' } });
    expect([part.status, await part.bytes()]).toEqual([206, new Uint8Array(bytes.subarray(99_990))]);
  });

  it('signs for this object alone', async () => {
    const [one, other] = [await given(), await given()];
    const link = (await store.presign?.(one.oid, { expiresInSeconds: 60 })) ?? '';
    expect((await fetch(link.replace(one.oid, other.oid))).status).toBe(403);
    expect((await fetch(link.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).status).toBe(403);
  });

  it('signs links to where clients reach it', async () => {
    const elsewhere = await house.store({
      LFS_S3_PUBLIC_ENDPOINT: 'https://files.example.com',
      LFS_S3_ADDRESSING: 'path',
    });
    const link = await elsewhere.presign?.('a'.repeat(64), { expiresInSeconds: 60 });
    expect(link).toMatch(/^https:\/\/files\.example\.com\/large-files\/lfs\/a{64}\?/);
    await elsewhere.close();
  });

  it('names the bucket in the host where that is wanted', async () => {
    const elsewhere = await house.closed({
      LFS_S3_ENDPOINT: 'https://s3.example.com',
      LFS_S3_ADDRESSING: 'virtual-host',
    });
    const link = await elsewhere.presign?.('a'.repeat(64), { expiresInSeconds: 60 });
    expect(link).toMatch(/^https:\/\/large-files\.s3\.example\.com\/lfs\/a{64}\?/);
  });

  it.each([
    ['a key that nobody knows', { LFS_S3_KEY_ID: 'STRANGER' }, 'refuses the key'],
    ['a bucket that is not there', { LFS_S3_BUCKET: 'missing' }, 'lacks its bucket'],
    ['nobody at its address', { LFS_S3_ENDPOINT: 'http://127.0.0.1:9' }, 'does not answer'],
    ['a secret that cannot be read', { LFS_S3_SECRET_FILE: '/nowhere/secret' }, 'no readable key'],
  ])('says so where there is %s', async (_, settings, hint) => {
    const broken = await house.closed(settings);
    const failure: object = { code: 'service_unavailable', hint: expect.stringContaining(hint) };
    await expect(broken.open()).rejects.toMatchObject(failure);
    await expect(broken.list()[Symbol.asyncIterator]().next()).rejects.toMatchObject(failure);
    await expect(broken.read('a'.repeat(64))).rejects.toMatchObject(failure);
    const bytes = randomBytes(10);
    const file = await arrived(broken, bytes);
    await expect(broken.adopt(blobOf(bytes), file)).rejects.toMatchObject(failure);
    expect(await readFile(file)).toEqual(bytes);
    await broken.close();
  });

  it('keeps to its quota also where the S3 was away when it was opened', async () => {
    await given();
    const full = await house.closed({ LFS_MAX_GIB: 1 / 1024 ** 3 });
    s3.fail({ when: /^HEAD \/large-files/, times: 3, how: { status: 500, code: 'InternalError' } });
    await expect(full.open()).rejects.toMatchObject({ code: 'service_unavailable' });
    await eventually(async () => {
      const refused = await full.requireRoom(0).catch((error: unknown) => error);
      return isAntipodeError(refused) && refused.code === 'disk_full';
    });
    await full.close();
  });

  it('gives up the uploads that a killed process left, but not what another node may be doing', async () => {
    const parts = new Map<number, Buffer>();
    s3.uploads.set('old', { key: 'lfs/x', initiated: new Date(Date.now() - 25 * 3_600_000), parts });
    s3.uploads.set('young', { key: 'lfs/y', initiated: new Date(), parts });
    const another = await house.store();
    await eventually(() => !s3.uploads.has('old'));
    expect([...s3.uploads.keys()]).toEqual(['young']);
    await another.close();
  });

  it.each([{ LFS_S3_BUCKET: undefined }, { LFS_S3_KEY_ID: undefined }, { LFS_S3_SECRET_FILE: undefined }])(
    'says which setting is missing: %o',
    async (settings) => {
      const [name] = Object.keys(settings);
      const failure = { code: 'invalid', hint: `${name} is missing.` };
      await expect(house.closed(settings as Partial<BlobStoreConfig>)).rejects.toMatchObject(failure);
    },
  );
});
