import { createHash } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { writePointer } from '@antipode/lfs-wire';
import { eventually, git } from '@antipode/testing';
import { FakeLfs, state } from './fake-lfs.js';
import { SyncHouse } from './open-sync.js';

const BOUND_SECONDS = 3;

let lfs: FakeLfs;
let house: SyncHouse;
beforeAll(async () => {
  lfs = await new FakeLfs().start();
  house = await SyncHouse.open({
    COMPARE_SECONDS: '86400',
    LFS_GRPC: lfs.address,
    LFS_BEFORE_PUBLISH_SECONDS: `${BOUND_SECONDS}`,
    CLONE_CONCURRENCY: '1',
  });
}, 60_000);
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await lfs[Symbol.asyncDispose]();
});
beforeEach(() => {
  lfs.refuses = false;
  lfs.fill = async function* () {
    yield await Promise.resolve(state(0));
  };
});

const oidOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const sorted = (...texts: string[]): string[] => texts.map(oidOf).sort();

/** A commit on the primary with pointers to these large files and no other file. */
async function push(name: string, files: string[], branch = 'main'): Promise<string> {
  const cwd = house.upstream(name);
  const lines = await Promise.all(
    files.map(async (text, n) => {
      const input = writePointer({ oid: oidOf(text), size: text.length });
      return `100644 blob ${await git(['hash-object', '-w', '--stdin'], { cwd, input })}\tfile-${n}\n`;
    }),
  );
  const parent = await git(['rev-parse', '--verify', '--quiet', branch], { cwd }).catch(() => '');
  const tree = await git(['mktree'], { cwd, input: lines.join('') });
  const commit = ['commit-tree', tree, '-m', files.join(), ...(parent ? ['-p', parent] : [])];
  const oid = await git(commit, { cwd });
  await git(['update-ref', `refs/heads/${branch}`, oid], { cwd });
  return oid;
}

async function given(name: string, files: string[]): Promise<string> {
  await git(['init', '--quiet', '--bare', '--initial-branch=main', house.upstream(name)]);
  await push(name, files);
  return SyncHouse.idOf(name);
}

async function tip(id: string, branch = 'main'): Promise<string | undefined> {
  const snapshot = await house.disk.readSnapshot(id);
  return snapshot?.refs.find(({ name }) => name === `refs/heads/${branch}`)?.oid;
}

const scannedFile = (id: string): string => join(house.disk.repositoryPath(id), 'antipode/lfs-scanned');
const isNoted = (id: string): Promise<boolean> =>
  stat(scannedFile(id)).then(
    ({ size }) => size > 'rubbish'.length,
    () => false,
  );

describe('sync and large files', () => {
  it('tells those of a first clone, and then those of new commits alone', async () => {
    const id = await given('grows', ['one', 'two']);
    await house.select('grows');
    expect(lfs.oids(id)).toEqual(sorted('one', 'two'));
    expect(await isNoted(id)).toBe(true);
    lfs.taken.length = 0;
    await push('grows', ['one', 'three']);
    await house.ensureFresh(id);
    expect(lfs.oids(id)).toEqual(sorted('three'));
    lfs.taken.length = 0;
    // Nothing new in these: an older commit, a tag.
    await git(['branch', 'older', 'main~1'], { cwd: house.upstream('grows') });
    await house.ensureFresh(id);
    await git(['tag', '-a', '-m', 'x', 'v1', 'main'], { cwd: house.upstream('grows') });
    await house.ensureFresh(id);
    expect(lfs.oids(id)).toEqual([]);
  });

  it('tells those of a rewritten branch', async () => {
    const id = await given('rewritten', ['before']);
    await house.select('rewritten');
    lfs.taken.length = 0;
    await git(['update-ref', '-d', 'refs/heads/main'], { cwd: house.upstream('rewritten') });
    await push('rewritten', ['after']);
    await house.ensureFresh(id);
    expect(lfs.oids(id)).toEqual(sorted('after'));
  });

  it('asks nobody about large files where nothing changed, or nothing is large', async () => {
    const id = await given('still', ['still']);
    await house.select('still');
    await house.givenRepository('small');
    const small = await house.select('small');
    const before = lfs.calls;
    await house.ensureFresh(id);
    await house.ensureFresh(id);
    await house.commit('small');
    await house.ensureFresh(small);
    expect(lfs.calls).toBe(before);
  });

  it('tells more than a thousand in pieces', async () => {
    const files = Array.from({ length: 2100 }, (_, n) => `many-${n}`);
    await git(['init', '--quiet', '--bare', '--initial-branch=main', house.upstream('many')]);
    const stream = files.map((text, n) => {
      const pointer = writePointer({ oid: oidOf(text), size: text.length });
      return `M 100644 inline file-${n}\ndata ${pointer.length}\n${pointer}\n`;
    });
    const head = 'commit refs/heads/main\ncommitter T <t@example.com> 1700000000 +0000\ndata 1\nx\n';
    const input = `${head}${stream.join('')}\n`;
    await git(['fast-import', '--quiet'], { cwd: house.upstream('many'), input });
    const id = await house.select('many');
    expect(lfs.oids(id)).toHaveLength(2100);
    const sizes = lfs.taken
      .filter(({ repositoryId }) => repositoryId === id)
      .map(({ objects }) => objects.length);
    expect(sizes).toEqual([1000, 1000, 100]);
  });

  it('publishes when they have come, and shows how that goes on', async () => {
    const id = await given('waits', ['first']);
    await house.select('waits');
    let come = (): void => undefined;
    const here = new Promise<void>((resolve) => (come = resolve));
    lfs.fill = async function* () {
      yield state(4);
      yield state(1, 30);
      await here;
      yield state(0, 40);
    };
    const next = await push('waits', ['second']);
    const fresh = house.ensureFresh(id);
    const report = await eventually(
      () => house.registry.last(id)?.progress?.step === 'lfs' && house.registry.last(id),
    );
    expect(report.progress).toMatchObject({ percent: 75 });
    expect(report.progress?.receivedBytes).toBeGreaterThanOrEqual(30);
    expect(await tip(id)).not.toBe(next);
    come();
    await fresh;
    expect(await tip(id)).toBe(next);
  });

  it('lets others clone and sync while one waits for its large files', async () => {
    let come = (): void => undefined;
    const here = new Promise<void>((resolve) => (come = resolve));
    lfs.fill = async function* () {
      yield state(1);
      await here;
      yield state(0);
    };
    const slow = await given('slow', ['slow']);
    house.registry.select(slow, 'slow');
    await eventually(() => lfs.oids(slow).length > 0);
    // There is one place for clones (CLONE_CONCURRENCY).
    await house.givenRepository('quick', { commits: 5, branches: 0, tags: 0 });
    await house.select('quick');
    expect(await house.disk.statMirror(slow)).toBeUndefined();
    come();
    await eventually(() => house.disk.statMirror(slow), { timeoutMs: 10_000 });
  });

  it('publishes after its bound, and then does not wait again for what is still on its way', async () => {
    const id = await given('late', ['late']);
    const waits: number[] = [];
    lfs.fill = async function* ({ signal }) {
      const began = performance.now();
      yield state(1);
      await delay(60_000, undefined, { signal }).catch(() => waits.push(performance.now() - began));
    };
    await house.select('late');
    await eventually(() => waits.length === 1);
    const next = await push('late', ['later']);
    await house.ensureFresh(id);
    await eventually(() => waits.length === 2);
    expect(waits[0]).toBeGreaterThan(BOUND_SECONDS * 1000 - 500);
    expect(waits[1]).toBeLessThan(BOUND_SECONDS * 1000 - 1000);
    expect(await tip(id)).toBe(next);
    expect(lfs.oids(id)).toEqual(sorted('late', 'later'));
  });

  it('publishes though an object cannot be had', async () => {
    lfs.fill = async function* () {
      yield await Promise.resolve(state(1, 0, 1));
    };
    const id = await given('bad', ['bad']);
    await house.select('bad');
    expect(await tip(id)).toBeDefined();
  });

  it('publishes while the LFS service refuses or is away, and tells it everything once it is back', async () => {
    lfs.refuses = true;
    const id = await given('refused', ['one']);
    await house.select('refused');
    await lfs.stop();
    const next = await push('refused', ['two']);
    await house.ensureFresh(id);
    expect(await tip(id)).toBe(next);
    expect(lfs.oids(id)).toEqual([]);
    lfs.refuses = false;
    await lfs.start();
    await eventually(() => lfs.oids(id).length === 2, { timeoutMs: 20_000 });
    expect(lfs.oids(id)).toEqual(sorted('one', 'two'));
  });

  it('stops waiting when the repository is deselected', async () => {
    let gone = false;
    lfs.fill = async function* ({ signal }) {
      yield state(1);
      await delay(60_000, undefined, { signal }).catch(() => (gone = true));
    };
    const id = await given('leaves', ['leaves']);
    house.registry.select(id, 'leaves');
    await eventually(() => lfs.oids(id).length > 0);
    house.registry.deselect(id);
    await eventually(() => gone, { timeoutMs: 2000 });
    await eventually(() => house.registry.last(id)?.phase === 6);
    expect(await house.disk.statMirror(id)).toBeUndefined();
  });
});

describe('sync, started again', () => {
  it('tells what it was killed over, and looks once through what an older version mirrored', async () => {
    const killed = await given('killed', ['one']);
    await house.select('killed');
    const older = await given('older', ['older']);
    await house.select('older');
    const spoilt = await given('spoilt', ['spoilt']);
    await house.select('spoilt');
    lfs.fill = async function* ({ signal }) {
      yield state(1);
      await delay(60_000, undefined, { signal }).catch(() => undefined);
    };
    lfs.taken.length = 0;
    const next = await push('killed', ['two']);
    const asked = house.ensureFresh(killed).catch(() => undefined);
    await eventually(() => lfs.oids(killed).length > 0);
    await house.end('SIGKILL');
    await asked;
    expect(await tip(killed)).not.toBe(next);
    await rm(scannedFile(older));
    await writeFile(scannedFile(spoilt), 'rubbish');
    lfs.taken.length = 0;
    lfs.fill = async function* () {
      yield await Promise.resolve(state(0));
    };
    await push('older', ['newer']);
    await house.start();
    // New commits are told at once; that what came before them was not, is not forgotten over it.
    await house.ensureFresh(older);
    await house.ensureFresh(killed);
    expect(await tip(killed)).toBe(next);
    expect(lfs.oids(killed)).toEqual(sorted('two'));
    await eventually(() => lfs.oids(older).length + lfs.oids(spoilt).length === 3, { timeoutMs: 10_000 });
    expect(lfs.oids(older)).toEqual(sorted('older', 'newer'));
    await eventually(() => isNoted(older));
    // Everything else was noted before: nobody is told twice.
    expect(new Set(lfs.taken.map(({ repositoryId }) => repositoryId))).toEqual(
      new Set([killed, older, spoilt]),
    );
  });

  it('publishes what waits for large files when it is told to end', async () => {
    const id = await given('ending', ['one']);
    await house.select('ending');
    lfs.fill = async function* ({ signal }) {
      yield state(1);
      await delay(60_000, undefined, { signal }).catch(() => undefined);
    };
    const next = await push('ending', ['two']);
    const asked = house.ensureFresh(id).catch(() => undefined);
    await eventually(() => lfs.oids(id).includes(oidOf('two')));
    await house.end('SIGTERM');
    await asked;
    expect(await tip(id)).toBe(next);
  });
});
