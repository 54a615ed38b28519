import { randomBytes } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openScratch, type Scratch } from '@antipode/testing';
import { blobPath, openBlob } from '../src/directory-layout.js';
import { DirectoryStore, type DirectoryStoreOptions } from '../src/directory-store.js';
import { arrived, blobOf, describeBlobStore } from './describe-blob-store.js';

const opened = async (options: DirectoryStoreOptions): Promise<DirectoryStore> => {
  const store = new DirectoryStore(options);
  await store.open();
  return store;
};

describeBlobStore('a directory', async () => {
  const scratch = await openScratch();
  const options = { root: scratch.path, keepFreeBytes: 0 };
  return {
    store: await opened(options),
    again: (maxBytes) => opened({ ...options, maxBytes }),
    [Symbol.asyncDispose]: async () => scratch[Symbol.asyncDispose](),
  };
});

describe('a directory of blobs', () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await openScratch();
  });
  afterEach(async () => scratch[Symbol.asyncDispose]());

  it('keeps a part of the disk free', async () => {
    const store = await opened({ root: scratch.path, keepFreeBytes: Number.MAX_SAFE_INTEGER });
    await expect(store.requireRoom(1)).rejects.toMatchObject({ code: 'disk_full' });
  });

  it('tells what could never fit from what does not fit now', async () => {
    const store = await opened({ root: scratch.path, keepFreeBytes: 0, maxBytes: 1000 });
    await expect(store.requireRoom(1001)).rejects.toMatchObject({ code: 'too_large' });
    await expect(store.requireRoom(1001, 600)).rejects.toMatchObject({ code: 'disk_full' });
    await store.requireRoom(1000);
    // As a pointer that lies may say.
    const unlimited = await opened({ root: scratch.path, keepFreeBytes: 0 });
    await expect(unlimited.requireRoom(Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({ code: 'too_large' });
  });

  it('sweeps what a killed process left, at its opening and later, but not what somebody may be writing', async () => {
    const options = { root: scratch.path, keepFreeBytes: 0 };
    const store = await opened(options);
    for (const name of ['old', 'young']) await writeFile(`${store.incomingFolder}/${name}`, 'x');
    const before = new Date(Date.now() - 2 * 3_600_000);
    await utimes(`${store.incomingFolder}/old`, before, before);
    await opened(options);
    expect(await readdir(store.incomingFolder)).toEqual(['young']);
    await utimes(`${store.incomingFolder}/young`, before, before);
    await store.sweep();
    expect(await readdir(store.incomingFolder)).toEqual([]);
  });

  it('lets others read what it has without a store of their own', async () => {
    const store = await opened({ root: scratch.path, keepFreeBytes: 0 });
    const bytes = randomBytes(100);
    const { oid, size } = blobOf(bytes);
    expect(await openBlob(scratch.path, oid)).toBeUndefined();
    await store.adopt({ oid, size }, await arrived(store, bytes));
    await using file = await openBlob(scratch.path, oid);
    expect(await file?.readFile()).toEqual(bytes);
    expect(await readFile(blobPath(scratch.path, oid))).toEqual(bytes);
    await expect(openBlob(scratch.path, '../../../etc/passwd')).rejects.toMatchObject({ code: 'invalid' });
  });
});
