import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { registry } from '@antipode/contracts';
import { eventually, type LargeFile } from '@antipode/testing';
import { readConfig } from '../src/config.js';
import { Database } from '../src/database/database.js';
import { WantedStore } from '../src/knowledge/wanted.store.js';
import { KNOWLEDGE, OBJECTS, type Knowledge, type Objects } from '../src/objects/objects.js';
import { SelectedRepositories } from '../src/registry/selected-repositories.js';
import { givenPrimary, query, type GivenPrimary } from './given-primary.js';
import { SECRET_KEY, type LfsObject, type OpenLfs } from './open-lfs.js';

const PATH = 'acme/storefront';
const OTHER = 'acme/checkout-api';

let house: GivenPrimary;
let lfs: OpenLfs & { readonly env: Record<string, string> };
let made = 0;

beforeAll(async () => {
  house = await givenPrimary();
  lfs = await house.open();
}, 120_000);

afterEach(() => house.sim.control.heal());

afterAll(async () => {
  await lfs[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

async function anObject(path = PATH, file: LargeFile = `wanted ${(made += 1)}`): Promise<LfsObject> {
  const [object] = await house.put(path, file);
  return object as LfsObject;
}
const fileOf = ({ oid }: LfsObject): string =>
  join(lfs.env['ANTIPODE_DATA'] ?? '', 'lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid);
const isWhole = async (object: LfsObject): Promise<boolean> => {
  const bytes = await readFile(fileOf(object)).catch(() => undefined);
  return bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === object.oid;
};
interface Wanted {
  attempts: number;
  error_code: string | null;
  seconds: number;
}
const wanted = async ({ oid }: LfsObject, path = PATH): Promise<Wanted | undefined> => {
  const [row] = await query<Wanted>(
    lfs.env['DATABASE_URL'] ?? '',
    `SELECT attempts, error_code, extract(epoch FROM next_at - now())::float8 AS seconds FROM wanted
      WHERE oid = '${oid}' AND repository_id = '${house.registry.idOf(path)}' ORDER BY size LIMIT 1`,
  );
  return row;
};
const downloads = async ({ oid }: LfsObject): Promise<number> =>
  (await house.sim.control.lfs.traffic(oid)).downloads;

describe('what pointers want', () => {
  it('is brought at once, and told while it is', async () => {
    const objects = await Promise.all([anObject(), anObject(), anObject()]);
    await lfs.caller.take(PATH, ...objects);
    const told = await lfs.caller.follow(PATH);
    expect(told.at(-1)).toMatchObject({ missing: 0, missingBytes: 0, failed: 0 });
    expect(told.at(-1)?.present).toBeGreaterThanOrEqual(3);
    expect(await Promise.all(objects.map(isWhole))).toEqual([true, true, true]);
    const report = await eventually(() => {
      const newest = house.registry.reports.get(house.registry.idOf(PATH));
      return newest && newest.objects >= 3 && newest.missing === 0 && newest;
    });
    expect(report).toMatchObject({ errorCode: '' });
  });

  it('is taken a thousand at a time, twice without harm, and asked of the primary by hundreds', async () => {
    const nobodys = Array.from({ length: 2500 }, (_, at) => ({
      oid: createHash('sha256').update(`nobody has ${at}`).digest('hex'),
      size: at,
    }));
    await lfs.caller.take(OTHER, ...nobodys, ...nobodys.slice(0, 1000));
    const { batches } = (await house.sim.control.counters()).lfs;
    const last = (await lfs.caller.follow(OTHER)).at(-1);
    expect(last).toMatchObject({ missing: 2500, failed: 2500 });
    const after = (await house.sim.control.counters()).lfs.batches;
    expect(after.download.requests - batches.download.requests).toBeLessThan(40);
    const client = lfs.caller.client;
    const tooMany = { repositoryId: house.registry.idOf(OTHER), objects: nobodys };
    await expect(
      new Promise((resolve, reject) =>
        client.takePointers(tooMany, (error, answer) => (error ? reject(error) : resolve(answer))),
      ),
    ).rejects.toMatchObject({ code: 3 });
  });

  it('is counted and told whatever sizes pointers claim', async () => {
    const size = Number.MAX_SAFE_INTEGER;
    const lies = ['1', '2'].map((digit) => ({ oid: digit.repeat(64), size }));
    expect(await lfs.caller.fill(OTHER, ...lies)).toMatchObject({ missingBytes: size });
    await eventually(() => house.registry.reports.get(house.registry.idOf(OTHER))?.missingBytes === size);
    const rows = lies.map(({ oid }) => `'${oid}'`).join(',');
    await query(lfs.env['DATABASE_URL'] ?? '', `DELETE FROM wanted WHERE oid IN (${rows})`);
  });

  it('that the primary does not have blocks nothing, is tried slowly, and at once for a new pointer', async () => {
    const [good, lost] = [await anObject(), await anObject()];
    await house.sim.control.faults({ lfs: [{ kind: 'lost', oid: lost.oid }] });
    expect(await lfs.caller.fill(PATH, lost, good)).toMatchObject({ missing: 1, failed: 1 });
    expect(await isWhole(good)).toBe(true);
    const row = await wanted(lost);
    expect(row).toMatchObject({ attempts: 1, error_code: 'not_found' });
    expect(row?.seconds).toBeGreaterThan(2000);
    const reported = await eventually(() => {
      const newest = house.registry.reports.get(house.registry.idOf(PATH));
      return newest?.missing === 1 && newest;
    });
    expect(reported).toMatchObject({ errorCode: 'not_found', error: expect.stringContaining('primary') });
    await house.sim.control.heal();
    expect(await lfs.caller.fill(PATH, lost)).toMatchObject({ missing: 0 });
    expect(await isWhole(lost)).toBe(true);
  });

  it('needs nothing but the primary’s word where the bytes are here', async () => {
    const content = `shared ${(made += 1)}`;
    const mine = await anObject(PATH, content);
    await anObject(OTHER, content);
    await lfs.caller.fill(PATH, mine);
    expect(await lfs.caller.batch({ path: OTHER, objects: [mine] })).toMatchObject([{ undecided: true }]);
    await lfs.caller.fill(OTHER, mine);
    const [answer] = await lfs.caller.batch({ path: OTHER, objects: [mine] });
    expect(answer?.actions['download']).toBeDefined();
    expect(await downloads(mine)).toBe(1);
  });

  it('is not had by a pointer alone: another repository’s object stays another’s', async () => {
    const secret = await anObject(OTHER);
    await lfs.caller.fill(OTHER, secret);
    // Somebody pushes a pointer to it into a repository of their own.
    await lfs.caller.fill(PATH, secret);
    expect(await wanted(secret)).toMatchObject({ error_code: 'not_found' });
    const unknown = { oid: 'e'.repeat(64), size: secret.size };
    const [theirs, nobodys] = await lfs.caller.batch({ path: PATH, objects: [secret, unknown] });
    expect({ ...theirs, object: unknown }).toEqual(nobodys);
    const [asked] = await lfs.caller.batch({
      path: PATH,
      objects: [secret],
      authorization: house.as('writer'),
    });
    expect(asked).toMatchObject({ error: { code: 404 }, actions: {} });
    expect(await wanted(secret, OTHER)).toBeUndefined();
  });

  it('is not harmed by pointers that lie about its size', async () => {
    const object = await anObject();
    const [shorter, longer] = [object.size - 1, object.size + 1000].map((size) => ({ ...object, size }));
    await lfs.caller.fill(PATH, shorter as LfsObject);
    expect(await isWhole(object)).toBe(false);
    await lfs.caller.fill(PATH, longer as LfsObject, object);
    expect(await isWhole(object)).toBe(true);
    await eventually(async () => (await wanted(object)) === undefined);
    const [answer] = await lfs.caller.batch({ path: PATH, objects: [object] });
    expect(answer?.actions['download']).toBeDefined();
  });

  it('waits where the primary wants to be left in peace, and counts that against nobody', async () => {
    const object = await anObject();
    await house.sim.control.faults({
      lfs: [{ kind: 'refused', status: 429, retryAfterSeconds: 1, times: 1 }],
    });
    const startedAt = Date.now();
    await lfs.caller.fill(PATH, object);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1000);
    expect(await isWhole(object)).toBe(true);
  });

  it('comes with the right bytes or not at all, and heals by itself', async () => {
    const object = await anObject();
    await house.sim.control.faults({ lfs: [{ kind: 'corrupt', oid: object.oid }] });
    await lfs.caller.fill(PATH, object);
    expect(await isWhole(object)).toBe(false);
    expect(await wanted(object)).toMatchObject({ attempts: 1, error_code: 'primary_misbehaved' });
    await house.sim.control.heal();
    await eventually(() => isWhole(object), { timeoutMs: 15_000 });
    await eventually(async () => (await wanted(object)) === undefined);
  }, 30_000);

  it('is left alone while its repository is not selected, and brought when it is again', async () => {
    house.registry.deselect(OTHER);
    const object = await anObject(OTHER);
    const other = await anObject();
    await lfs.caller.take(OTHER, object);
    await lfs.caller.fill(PATH, other);
    expect(await isWhole(other)).toBe(true);
    expect(await isWhole(object)).toBe(false);
    expect(await wanted(object, OTHER)).toMatchObject({ attempts: 0 });
    house.registry.select(OTHER);
    await eventually(() => isWhole(object));
  });

  it('waits until somebody asks for it where nothing is brought before, and is brought when that is wanted again', async () => {
    const path = 'acme/pipelines';
    const id = house.registry.idOf(path);
    const objects = [await anObject(path), await anObject(path)] as const;
    house.registry.prefetch(path, registry.LfsPrefetch.LFS_PREFETCH_OFF);
    await eventually(() => !lfs.part(SelectedRepositories).prefetches(id));
    // Whoever waits for them before it publishes does not wait.
    expect(await lfs.caller.fill(path, ...objects)).toMatchObject({ missing: 2, failed: 0, present: 0 });
    const report = await eventually(() => house.registry.reports.get(id));
    expect(report).toMatchObject({ missing: 2, objects: 0, errorCode: '' });
    expect(await Promise.all(objects.map(downloads))).toEqual([0, 0]);

    const [asked] = objects;
    await lfs.caller.batch({ path, objects: [asked], authorization: house.as('writer') });
    const source = lfs.part<Knowledge>(KNOWLEDGE).sourceOf(id, asked);
    const range = { first: 0, last: asked.size - 1 };
    (await lfs.part<Objects>(OBJECTS).open(asked, source, range)).resume();
    await eventually(() => house.registry.reports.get(id)?.objects === 1);
    expect(house.registry.reports.get(id)).toMatchObject({ missing: 1, errorCode: '' });
    expect(await Promise.all(objects.map(downloads))).toEqual([1, 0]);

    house.registry.prefetch(path, registry.LfsPrefetch.LFS_PREFETCH_ON);
    await eventually(() => house.registry.reports.get(id)?.objects === 2);
    expect(await Promise.all(objects.map(downloads))).toEqual([1, 1]);
  });

  it('is asked for with the credential that the registry has now', async () => {
    const object = await anObject();
    const right = house.registry.authorization;
    const stale = await house.open({ ANTIPODE_NODE: 'stale' });
    try {
      house.registry.authorization = 'Basic b2xkOnRva2Vu';
      await stale.caller.fill(PATH, { oid: 'd'.repeat(64), size: 1 });
      house.registry.authorization = right;
      expect(await stale.caller.fill(PATH, object)).toMatchObject({ present: 1 });
    } finally {
      house.registry.authorization = right;
      await stale[Symbol.asyncDispose]();
    }
  });

  it('is brought when the database is back', async () => {
    const slow = await anObject(PATH, { seed: `slow ${(made += 1)}`, size: 300_000 });
    await house.sim.control.faults({ lfs: [{ kind: 'slow', oid: slow.oid, bytesPerSecond: 200_000 }] });
    await lfs.caller.take(PATH, slow);
    await eventually(async () => (await downloads(slow)) > 0);
    await house.postgres.stop('immediate');
    await expect(lfs.caller.batch({ path: PATH, objects: [slow] })).rejects.toMatchObject({
      code: 'service_unavailable',
    });
    const following = lfs.caller.follow(PATH);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await house.postgres.start();
    await following;
    expect(await isWhole(slow)).toBe(true);
  }, 30_000);
});

describe('claims of processes that share a bucket', () => {
  it('take different objects of the same repository at the same moment', async () => {
    const id = '99999999-0000-4000-8000-000000000000';
    const shared = { LFS_STORE: 's3', LFS_S3_BUCKET: 'shared', LFS_S3_REGION: 'x' };
    const open = (node: string): WantedStore => {
      const config = readConfig({ SECRET_KEY, ...lfs.env, ...shared, ANTIPODE_NODE: node });
      return new WantedStore(config, lfs.part(Database));
    };
    const [one, other] = [open('one'), open('other')];
    const objects = Array.from({ length: 200 }, (_, at) => ({
      oid: createHash('sha256').update(`shared ${at}`).digest('hex'),
      size: at,
    }));
    await one.take(id, objects);
    // While one is taking the first of them, another takes others, and waits for nobody.
    const claimed = await lfs.part(Database).run('holding rows', (prisma) =>
      prisma.$transaction(
        async (transaction) => {
          await transaction.$queryRaw`
            SELECT oid FROM wanted WHERE repository_id = ${id} ORDER BY next_at LIMIT 50 FOR UPDATE`;
          return other.claim(id, 150);
        },
        { timeout: 3000 },
      ),
    );
    expect(claimed).toHaveLength(150);
    const rest = await one.claim(id, 200);
    expect(new Set([...claimed, ...rest].map(({ oid }) => oid)).size).toBe(200);
    expect(rest).toHaveLength(50);
    // What a process that has died had in hand is nobody else's: only its own next life lets go of it.
    await other.releaseAll();
    expect(await one.claim(id, 200)).toHaveLength(150);
  });
});

describe('following', () => {
  it('tells how far one huge object has come', async () => {
    const path = 'acme/warehouse';
    const size = 360_000;
    const object = await anObject(path, { seed: 'huge', size });
    await house.sim.control.faults({ lfs: [{ kind: 'slow', oid: object.oid, bytesPerSecond: 150_000 }] });
    await lfs.caller.take(path, object);
    const told = await lfs.caller.follow(path);
    expect(told.at(-1)).toMatchObject({ missing: 0, present: 1, presentBytes: size, missingBytes: 0 });
    const between = told.filter(({ missing, presentBytes }) => missing === 1 && presentBytes > 0);
    expect(between.length).toBeGreaterThan(0);
    for (const { presentBytes, missingBytes } of between) expect(presentBytes + missingBytes).toBe(size);
  });

  it('ends at once where nothing is wanted, and with an error where the service ends', async () => {
    const own = await house.open({ ANTIPODE_NODE: 'ending' });
    expect(await own.caller.follow(PATH)).toMatchObject([{ missing: 0, present: 0 }]);
    const object = await anObject(PATH, { seed: 'ending', size: 400_000 });
    await house.sim.control.faults({ lfs: [{ kind: 'slow', oid: object.oid, bytesPerSecond: 10_000 }] });
    await own.caller.take(PATH, object);
    const following = own.caller.follow(PATH).then(
      () => 'an end',
      (error: { code: string }) => error.code,
    );
    await eventually(async () => (await downloads(object)) > 0);
    await own[Symbol.asyncDispose]();
    expect(await following).toBe('service_unavailable');
    const leased = await query(
      own.env['DATABASE_URL'] ?? '',
      'SELECT 1 FROM wanted WHERE leased_by IS NOT NULL',
    );
    expect(leased).toEqual([]);
  });
});
