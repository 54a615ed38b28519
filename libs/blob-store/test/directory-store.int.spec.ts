import { randomBytes } from 'node:crypto';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openScratch, type Scratch } from '@antipode/testing';
import { DirectoryStore } from '../src/directory-store.js';
import { blobOf, describeBlobStore } from './describe-blob-store.js';

describeBlobStore('a directory', async () => {
  const scratch = await openScratch();
  const store = new DirectoryStore({ root: scratch.path, keepFreeBytes: 0 });
  await store.open();
  return { store, [Symbol.asyncDispose]: async () => scratch[Symbol.asyncDispose]() };
});

describe('a directory of blobs', () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await openScratch();
  });
  afterEach(async () => scratch[Symbol.asyncDispose]());

  it('leaves nothing half-way behind, whatever was refused', async () => {
    const store = new DirectoryStore({ root: scratch.path, keepFreeBytes: 0 });
    await store.open();
    const blob = blobOf(randomBytes(100));
    await store.put(blob, Readable.from([Buffer.from('lies')])).catch(() => undefined);
    expect(await readdir(scratch.file('incoming'))).toEqual([]);
  });

  it('keeps a part of the disk free', async () => {
    const store = new DirectoryStore({ root: scratch.path, keepFreeBytes: Number.MAX_SAFE_INTEGER });
    await store.open();
    const source = Readable.from([Buffer.from('hello')]);
    await expect(store.put(blobOf(Buffer.from('hello')), source)).rejects.toMatchObject({
      code: 'disk_full',
    });
    expect(source.destroyed).toBe(true);
  });

  it('sweeps at its opening what a killed process left, but not what somebody may be writing', async () => {
    const store = new DirectoryStore({ root: scratch.path, keepFreeBytes: 0 });
    await store.open();
    for (const name of ['old', 'young']) await writeFile(scratch.file(`incoming/${name}`), 'x');
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    await utimes(scratch.file('incoming/old'), yesterday, yesterday);
    await store.open();
    expect(await readdir(scratch.file('incoming'))).toEqual(['young']);
  });
});
