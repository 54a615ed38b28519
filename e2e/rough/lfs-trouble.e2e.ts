import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, lsRemote, openScratch, residentBytes, type Scratch } from '@antipode/testing';
import {
  askBatch,
  freshPath,
  LfsDesk,
  objectOf,
  oidOf,
  overHttps,
  THIS_TRY,
  untilFilled,
  withoutThePrimary,
  type Speaker,
} from '../src/large-files.js';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { untilEqual } from '../src/same-as-primary.js';

const MEBI = 1024 * 1024;
const GIBI = 1024 * MEBI;

let here: Neighbourhood;
let scratch: Scratch;

beforeAll(async () => {
  here = await sharedHouse('rough');
  scratch = await openScratch();
}, 240_000);

afterEach(() => here.sim.heal());

afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
});

async function given(slug: string): Promise<string> {
  const path = freshPath(here, slug);
  await here.sim.create(path, 'WEB');
  await here.mirror.untilSynced(path);
  return path;
}

const reader = (): Speaker => overHttps(here, here.house.credential('reader'));
const cloneAndRead = async (path: string, name: string): Promise<string> =>
  (await LfsDesk.clone(scratch, reader(), path)).read(name);

describe('an object of a gigabyte', () => {
  const MOST_GROWTH = 120 * MEBI;

  it('comes, goes out and is resumed with flat memory', async () => {
    const path = await given('gigabyte');
    const watched = await watchMemory('edge', 'lfs', 'sync');
    const { objects } = await here.sim.lfs.commit(
      path,
      { 'huge.bin': { seed: `huge ${THIS_TRY}`, size: GIBI } },
      { branch: 'main' },
    );
    const oid = objects['huge.bin']?.oid ?? '';
    await untilEqual(here, path, 120_000);
    await untilFilled(here, path, 1, 120_000);

    await withoutThePrimary(here, async () => {
      const desk = await LfsDesk.clone(scratch, reader(), path, { env: { GIT_LFS_SKIP_SMUDGE: '1' } });
      const partial = join(desk.cwd, '.git/lfs/incomplete');
      // Cut in the middle: the client goes on from where it was.
      const first = desk.tryGit(['lfs', 'fetch'], {
        timeoutMs: 1500,
        config: [['lfs.transfer.maxretries', '1']],
      });
      await first;
      const had = await sizeOf(partial, oid);
      await desk.git(['lfs', 'fetch'], { timeoutMs: 120_000 });
      expect(
        (await stat(join(desk.cwd, '.git/lfs/objects', oid.slice(0, 2), oid.slice(2, 4), oid))).size,
      ).toBe(GIBI);
      if (had > 0 && had < GIBI)
        expect(await here.house.log('edge')).toMatch(/"route":"lfs_object","status":206/);
    });
    for (const [name, growth] of Object.entries(watched.stop()))
      expect({ name, isFlat: growth < MOST_GROWTH, growth }).toMatchObject({ isFlat: true });
  }, 300_000);
});

async function sizeOf(folder: string, oid: string): Promise<number> {
  return stat(join(folder, oid)).then(
    ({ size }) => size,
    () => 0,
  );
}

async function watchMemory(...names: string[]): Promise<{ stop(): Record<string, number> }> {
  const pids = await Promise.all(names.map((name) => here.house.pid(name)));
  const before = await Promise.all(pids.map(residentBytes));
  const most = [...before];
  const look = async (): Promise<void> => {
    const now = await Promise.all(pids.map(residentBytes));
    now.forEach((bytes, i) => (most[i] = Math.max(most[i] ?? 0, bytes)));
  };
  const timer = setInterval(() => void look(), 50);
  return {
    stop: () => {
      clearInterval(timer);
      return Object.fromEntries(names.map((name, i) => [name, (most[i] ?? 0) - (before[i] ?? 0)]));
    },
  };
}

describe('a primary that sends wrong bytes', () => {
  const right = `right ${THIS_TRY}`;

  it('is not believed: nobody gets them, the mirror says so, and has the right ones when it can', async () => {
    const path = await given('wrong-bytes');
    await here.sim.faults({ lfs: [{ kind: 'corrupt', oid: oidOf(right) }] });
    await here.sim.lfs.commit(path, { 'bad.bin': right, 'good.bin': 'good' }, { branch: 'main' });
    await untilEqual(here, path);
    const seen = await eventually(async () => {
      const { lfs } = await here.mirror.repository(path);
      return lfs.missing === 1 && lfs.objects === 1 && lfs.error !== null ? lfs.error.code : undefined;
    });
    expect(seen).toBe('primary_misbehaved');
    const { objects } = await askBatch(here, path, here.house.credential('reader'), [objectOf(right)]);
    const href = objects[0]?.actions?.['download']?.href ?? '';
    // Broken off before its end, so that git-lfs tries again rather than take it.
    const body = await fetch(href)
      .then((answer) => (answer.ok ? answer.text() : ''))
      .catch(() => '');
    expect(body.length).toBeLessThan(right.length);
    await here.sim.heal();
    await untilFilled(here, path, 2, 30_000);
    expect(await withoutThePrimary(here, () => cloneAndRead(path, 'bad.bin'))).toBe(right);
  }, 90_000);
});

describe('a primary that breaks off', () => {
  it('is asked for the rest only', async () => {
    const path = await given('breaks-off');
    const size = 4 * MEBI;
    await here.sim.faults({ lfs: [{ kind: 'truncated', afterBytes: 3 * MEBI, times: 1 }] });
    const { objects } = await here.sim.lfs.commit(
      path,
      { 'cut.bin': { seed: `cut ${THIS_TRY}`, size } },
      { branch: 'main' },
    );
    await untilEqual(here, path);
    await untilFilled(here, path, 1);
    const { bytesOut, downloads } = await here.sim.lfs.traffic(objects['cut.bin']?.oid ?? '');
    expect(downloads).toBe(2);
    expect(bytesOut).toBeLessThan(size + MEBI);
  });
});

describe('while large files are brought', () => {
  it('any process may be killed: all of them come, and whoever clones has them', async () => {
    const path = await given('killed');
    const files = Object.fromEntries(
      Array.from({ length: 24 }, (_, n) => [
        `f-${n}.bin`,
        { seed: `killed-${n} ${THIS_TRY}`, size: 200_000 },
      ]),
    );
    await here.sim.faults({ lfs: [{ kind: 'slow', bytesPerSecond: 25_000 }] });
    const { objects } = await here.sim.lfs.commit(path, files, { branch: 'main' });
    for (const [part, begun] of [
      ['lfs', 2],
      ['sync', 3],
      ['redis', 4],
      ['postgres', 5],
    ] as const) {
      await eventually(async () => (await counted(objects)) >= begun, { timeoutMs: 30_000, everyMs: 20 });
      await here.house.crash(part);
    }
    expect(await counted(objects)).toBeLessThan(24);
    await here.sim.heal();
    await untilEqual(here, path, 40_000);
    await untilFilled(here, path, 24, 40_000);
    const desk = await withoutThePrimary(here, () => LfsDesk.clone(scratch, reader(), path));
    await desk.git(['lfs', 'fsck']);
  }, 120_000);
});

/** How many of these the primary has begun to send. */
async function counted(objects: Readonly<Record<string, { oid: string }>>): Promise<number> {
  const { lfs } = await here.sim.counters();
  return Object.values(objects).filter(({ oid }) => (lfs.objects[oid]?.downloads ?? 0) > 0).length;
}

describe('while the primary is down', () => {
  it('large files that are here are had, and the others have a sentence', async () => {
    const path = await given('outage');
    await here.sim.lfs.commit(path, { 'here.bin': 'here' }, { branch: 'main' });
    await untilEqual(here, path);
    await untilFilled(here, path, 1);
    const as = here.house.credential('reader');
    // A verdict that is good for the seconds of the outage.
    await lsRemote(here.house.url(path), { as });
    await here.sim.withFaults({ down: 'destroy' }, async () => {
      const { status, objects } = await askBatch(here, path, as, [objectOf('here'), objectOf('away')]);
      expect(status).toBe(200);
      const [present, absent] = objects;
      const body = await fetch(present?.actions?.['download']?.href ?? '').then((answer) => answer.text());
      expect(body).toBe('here');
      expect(absent?.actions).toBeUndefined();
      expect(absent?.error).toMatchObject({
        code: 503,
        message: expect.stringMatching(/primary|bitbucket|127\.0\.0\.1/i),
      });
    });
  });
});

describe('while lfs is dead', () => {
  it('large files come from the primary, and pushed ones arrive', async () => {
    const path = await given('without-lfs');
    await here.sim.lfs.commit(path, { 'first.bin': 'first' }, { branch: 'main' });
    await untilEqual(here, path);
    await untilFilled(here, path, 1);
    await here.house.whileDead('lfs', async () => {
      expect(await cloneAndRead(path, 'first.bin')).toBe('first');
      const desk = await LfsDesk.clone(scratch, overHttps(here, here.house.credential('writer')), path);
      await desk.commit({ 'second.bin': 'second' });
      await desk.git(['push', '--quiet', 'origin', 'HEAD:main']);
      expect(await here.sim.lfs.objects(path)).toHaveLength(2);
    });
    await untilFilled(here, path, 2, 40_000);
    expect(await withoutThePrimary(here, () => cloneAndRead(path, 'second.bin'))).toBe('second');
  }, 120_000);
});
