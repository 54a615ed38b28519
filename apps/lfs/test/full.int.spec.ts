import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HealthChecks } from '@antipode/service-kit';
import { eventually, openScratch, runCommand } from '@antipode/testing';
import { OpenStore } from '../src/objects/open-store.js';
import { openBytes, type OpenBytes } from './open-bytes.js';
import { honest, make, sourceAt, stalled, startStorage, status, type Storage } from './start-storage.js';

const never = new AbortController().signal;

describe('a place for objects without room', () => {
  let storage: Storage;
  let here: OpenBytes;
  beforeAll(async () => {
    storage = await startStorage();
  });
  afterAll(async () => storage[Symbol.asyncDispose]());
  beforeEach(async () => {
    here = await openBytes();
  });
  afterEach(async () => here[Symbol.asyncDispose]());

  it('passes objects through, each reader by itself, and says so until there is room again', async () => {
    const { bytes, object } = make();
    storage.answer(honest(bytes));
    const source = sourceAt(storage.url);
    here.limit(1000);
    const read = async (...range: { first: number; last: number }[]): Promise<Buffer> =>
      buffer(await here.objects.open(object, source, ...range));
    expect((await read()).equals(bytes)).toBe(true);
    expect(await read({ first: 10, last: 19 })).toEqual(bytes.subarray(10, 20));
    expect(storage.seen).toHaveLength(2);
    await expect(here.objects.bring(object, source, never)).rejects.toMatchObject({ code: 'disk_full' });
    expect(here.known).toEqual([]);
    expect(here.room).toEqual(['full']);
    await expect(here.checkRoom()).rejects.toMatchObject({ code: 'disk_full' });

    // What is small still fits, which does not mean that there is room.
    const small = make(10);
    storage.answer(honest(small.bytes));
    await here.objects.bring(small.object, source, never);
    expect(here.room).toEqual(['full']);

    here.limit(1_000_000);
    await here.checkRoom();
    expect(here.room).toEqual(['full', 'room']);
    storage.answer(honest(bytes));
    await read();
    await eventually(() => here.objects.isHere(object.oid));
  });

  it('is not called full over an object that could never fit, which passes through all the same', async () => {
    const { bytes, object } = make(10);
    const huge = { ...object, size: Number.MAX_SAFE_INTEGER };
    storage.answer((_, response) => void response.write(bytes));
    const source = sourceAt(storage.url);
    await expect(here.objects.bring(huge, source, never)).rejects.toMatchObject({ code: 'too_large' });
    const reading = await here.objects.open(huge, source);
    expect(reading.read()).toEqual(bytes);
    reading.destroy();
    expect(here.room).toEqual([]);
    await here.checkRoom();
  });

  it('lets nothing wrong pass, and explains where the primary has nothing', async () => {
    const { bytes, object } = make();
    here.limit(1000);
    storage.answer(honest(Buffer.from(bytes).fill(0, 0, 5)));
    const reading = here.objects.open(object, sourceAt(storage.url)).then(buffer);
    await expect(reading).rejects.toMatchObject({ code: 'primary_misbehaved' });
    storage.answer(status(404));
    await expect(here.objects.open(object, sourceAt(storage.url))).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('promises no room twice', async () => {
    const [one, other] = [make(), make()];
    const line = stalled(one.bytes, 1000);
    storage.answer(line.answer, honest(other.bytes));
    here.limit(500_000);
    const source = sourceAt(storage.url);
    const bringing = here.objects.bring(one.object, source, never);
    await eventually(() => storage.seen.length > 0);
    await expect(here.objects.bring(other.object, source, never)).rejects.toMatchObject({
      code: 'disk_full',
    });
    line.goOn();
    await bringing;
    await here.objects.bring(other.object, source, never);
  });

  it('is swept of what a killed process left just before, again and again', async () => {
    const open = new OpenStore({ ...here, health: new HealthChecks(), sweepEveryMs: 5 });
    await open.onModuleInit();
    const left = join(here.store.incomingFolder, 'left');
    await writeFile(left, 'x');
    const before = new Date(Date.now() - 2 * 3_600_000);
    await utimes(left, before, before);
    await eventually(async () => (await readdir(here.store.incomingFolder)).length === 0);
    await open.onApplicationShutdown();
  });

  it('lets go of the primary when the reader of what passes does', async () => {
    const { bytes, object } = make();
    const line = stalled(bytes, 200_000);
    storage.answer(line.answer);
    here.limit(1000);
    (await here.objects.open(object, sourceAt(storage.url))).destroy();
    await line.closed;
  });

  it('leaves its lines to arrivals, however slow the readers of what passes are', async () => {
    await using narrow = await openBytes({ connections: 1 });
    const [large, small] = [make(), make(10)];
    storage.answer(stalled(large.bytes, 200_000).answer, honest(small.bytes));
    narrow.limit(1000);
    const source = sourceAt(storage.url);
    const slow = await narrow.objects.open(large.object, source);
    await narrow.objects.bring(small.object, source, AbortSignal.timeout(2000));
    slow.destroy();
  });

  it('goes on by itself for those who read when the disk fills up', async () => {
    await using scratch = await openScratch();
    // Only a disk of its own can be filled to the last byte; not everybody may have one.
    const mounted = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', scratch.path]);
    if (mounted.code !== 0) return;
    try {
      await using tiny = await openBytes({ root: scratch.path });
      const { bytes, object } = make(800_000);
      const line = stalled(bytes, 400_000);
      storage.answer(line.answer, honest(bytes));
      const source = sourceAt(storage.url);
      const readers = [await tiny.objects.open(object, source), await tiny.objects.open(object, source)];
      const part = await tiny.objects.open(object, source, { first: 700_000, last: 799_999 });
      const bringing = tiny.objects.bring(object, source, never);
      const filler = join(scratch.path, 'filler');
      await expect(writeFile(filler, Buffer.alloc(1_000_000))).rejects.toMatchObject({ code: 'ENOSPC' });
      line.goOn();
      for (const read of await Promise.all(readers.map(buffer))) expect(read.equals(bytes)).toBe(true);
      expect((await buffer(part)).equals(bytes.subarray(700_000))).toBe(true);
      await expect(bringing).rejects.toMatchObject({ code: 'disk_full' });
      expect(storage.seen.map(({ headers }) => headers.range?.endsWith('-799999'))).toEqual([
        undefined,
        true,
        true,
        true,
      ]);
      expect(tiny.room).toEqual(['full']);
      expect(await readdir(tiny.store.incomingFolder)).toEqual([]);

      await rm(filler);
      storage.answer(honest(bytes));
      await tiny.objects.bring(object, source, never);
      expect(tiny.room).toEqual(['full', 'room']);
    } finally {
      await runCommand('umount', ['-l', scratch.path]);
    }
  });
});
