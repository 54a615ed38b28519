import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { BlobStore } from '@antipode/blob-store';
import { eventually } from '@antipode/testing';
import { CollectionService } from '../src/housekeeping/collection.service.js';
import { Departures } from '../src/housekeeping/departures.js';
import { InventoryService } from '../src/housekeeping/inventory.service.js';
import { ScrubService } from '../src/housekeeping/scrub.service.js';
import { StoredStore } from '../src/knowledge/stored.store.js';
import { BLOBS } from '../src/tokens.js';
import { KNOWLEDGE, type Knowledge } from '../src/objects/objects.js';
import { SelectedRepositories } from '../src/registry/selected-repositories.js';
import { givenPrimary, query, type GivenPrimary } from './given-primary.js';
import type { LfsObject, OpenLfs } from './open-lfs.js';

const PATH = 'acme/storefront';
const LEAVING = 'acme/checkout-api';
const { signal } = new AbortController();

let house: GivenPrimary;
let lfs: OpenLfs & { readonly env: Record<string, string> };
let made = 0;

beforeAll(async () => {
  house = await givenPrimary();
  // What has gone is forgotten at once, where a test says so.
  lfs = await house.open({ GRACE_HOURS: '0', SCRUB_MIB_PER_SECOND: '1000' });
}, 120_000);

afterEach(async () => {
  await house.sim.control.heal();
  house.registry.select(LEAVING);
  await eventually(() => lfs.part(SelectedRepositories).has(house.registry.idOf(LEAVING)));
});

afterAll(async () => {
  await lfs[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

/** Proved for these repositories, and here. */
async function brought(...paths: string[]): Promise<LfsObject> {
  const content = `kept ${(made += 1)}`;
  const objects = [];
  for (const path of paths) {
    objects.push(...(await house.put(path, content)));
    await lfs.caller.fill(path, objects[0] as LfsObject);
  }
  return objects[0] as LfsObject;
}
const fileOf = ({ oid }: LfsObject): string =>
  join(lfs.env['ANTIPODE_DATA'] ?? '', 'lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid);
const isHere = (object: LfsObject): Promise<boolean> =>
  readFile(fileOf(object)).then(
    ({ length }) => length === object.size,
    () => false,
  );
const rows = <Row extends object>(sql: string): Promise<Row[]> =>
  query<Row>(lfs.env['DATABASE_URL'] ?? '', sql);
const isOffered = async (object: LfsObject, path = PATH): Promise<boolean> => {
  const [answer] = await lfs.caller.batch({ path, objects: [object] });
  return answer?.actions['download'] !== undefined;
};
async function leave(): Promise<void> {
  house.registry.deselect(LEAVING);
  await eventually(() => !lfs.part(SelectedRepositories).has(house.registry.idOf(LEAVING)));
}
const collect = (): Promise<number> => lfs.part(CollectionService).collect(signal);
/** Everything is checked once. */
async function scrub(): Promise<void> {
  await rows(`UPDATE stored SET checked_at = now() - interval '1 year'`);
  while (await lfs.part(ScrubService).checkOne(1, signal));
}

describe('a repository that leaves', () => {
  it('takes what only it had with it, and nothing that others have', async () => {
    const [its, shared, others] = [await brought(LEAVING), await brought(LEAVING, PATH), await brought(PATH)];
    await leave();
    await collect();
    expect(await Promise.all([its, shared, others].map(isHere))).toEqual([false, true, true]);
    expect(await isOffered(shared)).toBe(true);
    expect(
      await rows(`SELECT 1 FROM belonging WHERE repository_id = '${house.registry.idOf(LEAVING)}'`),
    ).toEqual([]);
  });

  it('keeps everything for the grace time, and when it comes back', async () => {
    const its = await brought(LEAVING);
    await leave();
    await lfs.part(Departures).look(1);
    expect(await rows(`SELECT 1 FROM departed`)).toHaveLength(1);
    house.registry.select(LEAVING);
    await eventually(() => lfs.part(SelectedRepositories).has(house.registry.idOf(LEAVING)));
    await collect();
    expect(await rows(`SELECT 1 FROM departed`)).toEqual([]);
    expect([await isHere(its), await isOffered(its, LEAVING)]).toEqual([true, true]);
  });

  it('has not left where only the registry is away', async () => {
    const its = await brought(LEAVING);
    const own = await house.open({
      DATABASE_URL: lfs.env['DATABASE_URL'] ?? '',
      REGISTRY_GRPC: '127.0.0.1:1',
      GRACE_HOURS: '0',
    });
    try {
      await own.part(CollectionService).collect(signal);
    } finally {
      await own[Symbol.asyncDispose]();
    }
    expect([await isHere(its), await isOffered(its, LEAVING)]).toEqual([true, true]);
  });
});

describe('collecting', () => {
  const stored = (): StoredStore => lfs.part(StoredStore);
  const knowledge = (): Knowledge => lfs.part<Knowledge>(KNOWLEDGE);

  it('takes nothing that comes in again at the same moment', async () => {
    const object = await brought(LEAVING);
    await leave();
    await lfs.part(Departures).look(0);
    // Somebody notes it as kept while it is being removed: that waits, and finds it gone.
    let noting: Promise<void> | undefined;
    const isGone = await stored().removeUnowned(object.oid, async () => {
      noting = knowledge().kept(object);
      await rm(fileOf(object));
    });
    await noting;
    expect(isGone).toBe(true);
    expect(await rows(`SELECT 1 FROM stored WHERE oid = '${object.oid}'`)).toEqual([]);
  });

  it('leaves alone what belongs to somebody by the time it comes to it', async () => {
    const object = await brought(LEAVING);
    await leave();
    await lfs.part(Departures).look(0);
    const chosen = await stored().unowned(0, 100);
    expect(chosen).toContain(object.oid);
    await knowledge().proved(house.registry.idOf(PATH), object);
    let isRemoved = false;
    await stored().removeUnowned(object.oid, () => Promise.resolve(void (isRemoved = true)));
    expect([isRemoved, await isHere(object), await isOffered(object)]).toEqual([false, true, true]);
  });
});

describe('checking what is stored', () => {
  it('finds what has gone wrong or is gone, and has it brought again', async () => {
    const [good, damaged, lost] = [await brought(PATH), await brought(PATH), await brought(PATH)];
    await writeFile(fileOf(damaged), 'x'.repeat(damaged.size));
    await rm(fileOf(lost));
    await scrub();
    await lfs.caller.follow(PATH);
    expect(await Promise.all([good, damaged, lost].map(isHere))).toEqual([true, true, true]);
    expect(await readFile(fileOf(damaged), 'utf8')).toContain('kept');
    expect(await isOffered(lost)).toBe(true);
    const { downloads } = await house.sim.control.lfs.traffic(good.oid);
    expect(downloads).toBe(1);
  });

  it('says that it is absent until it is here again', async () => {
    const object = await brought(PATH);
    await rm(fileOf(object));
    await house.sim.control.faults({ lfs: [{ kind: 'lost', oid: object.oid }] });
    await scrub();
    expect(await isOffered(object)).toBe(false);
    const report = await eventually(() => {
      const newest = house.registry.reports.get(house.registry.idOf(PATH));
      return newest?.missing === 1 && newest.errorCode === 'not_found' && newest;
    });
    expect(report.missingBytes).toBe(object.size);
    await house.sim.control.heal();
    await lfs.caller.fill(PATH, object);
    expect(await isOffered(object)).toBe(true);
  });
});

describe('a database that was restored', () => {
  it('learns again what the store has', async () => {
    const object = await brought(PATH);
    await rows('DELETE FROM stored');
    expect(await isOffered(object)).toBe(false);
    expect(await lfs.part(InventoryService).take(signal)).toBeGreaterThan(0);
    expect(await isOffered(object)).toBe(true);
    expect(await lfs.part(InventoryService).take(signal)).toBe(0);
  });

  it('learns nothing of what was removed while it was listed', async () => {
    const object = await brought(PATH);
    await rows('DELETE FROM stored');
    const blobs = lfs.part<BlobStore>(BLOBS);
    const list = blobs.list.bind(blobs);
    blobs.list = async function* () {
      for await (const blob of list()) {
        if (blob.oid === object.oid) await rm(fileOf(object));
        yield blob;
      }
    };
    await lfs.part(InventoryService).take(signal);
    blobs.list = list;
    await lfs.caller.follow(PATH);
    expect(await isHere(object)).toBe(true);
  });
});
