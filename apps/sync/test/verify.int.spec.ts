import { chmod, open, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registry } from '@antipode/contracts';
import { eventually, git, localRefs, lsRemote, withoutHead } from '@antipode/testing';
import { SyncHouse } from './open-sync.js';

const { VERIFICATION_STATE_OK, VERIFICATION_STATE_REPAIRED, VERIFICATION_STATE_FAILED } =
  registry.VerificationState;
const { RUN_OUTCOME_CLONED } = registry.RunOutcome;

let house: SyncHouse;
beforeAll(async () => {
  house = await SyncHouse.open({ COMPARE_SECONDS: '86400' });
}, 60_000);
afterAll(() => house[Symbol.asyncDispose]());

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function outcome(
  id: string,
  name: 'mirror.verify' | 'mirror.reclone',
): Promise<registry.Verification | undefined> {
  const before = house.registry.last(id)?.verification?.atMs ?? 0;
  await house.request(name, id);
  return eventually(() => {
    const told = house.registry.last(id)?.verification;
    return told && told.state !== registry.VerificationState.VERIFICATION_STATE_RUNNING && told.atMs > before
      ? told
      : undefined;
  });
}

async function expectWhole(id: string, name: string): Promise<void> {
  const primary = withoutHead(await lsRemote(`${house.primary.url}/${name}.git`));
  const onDisk = Object.entries(await localRefs(house.disk.repositoryPath(id)));
  expect(Object.fromEntries(onDisk.filter(([ref]) => !ref.startsWith('refs/antipode/')))).toEqual(primary);
  await git(['fsck', '--full', '--strict'], { cwd: house.disk.repositoryPath(id) });
}

const epochOf = async (id: string): Promise<number> => (await house.disk.readSnapshot(id))?.epoch ?? 0;

describe('a mirror repository that somebody doubts', () => {
  it('is found whole where it is, and nothing of it changes', async () => {
    await house.givenRepository('whole');
    const id = await house.select('whole');
    expect(await outcome(id, 'mirror.verify')).toMatchObject({
      state: VERIFICATION_STATE_OK,
      message: 'All refs and objects are as they should be.',
    });
    expect(await epochOf(id)).toBe(1);
  });

  it('is compared with the primary, and gets its own refs back where they were changed behind our back', async () => {
    await house.givenRepository('strayed');
    const id = await house.select('strayed');
    const cwd = house.disk.repositoryPath(id);
    await git(['update-ref', 'refs/heads/main', 'main~2'], { cwd });
    await git(['update-ref', 'refs/heads/foreign', 'main'], { cwd });
    await git(['update-ref', '-d', 'refs/heads/topic-1'], { cwd });
    await git(['symbolic-ref', 'HEAD', 'refs/heads/topic-2'], { cwd });
    expect(await outcome(id, 'mirror.verify')).toMatchObject({
      state: VERIFICATION_STATE_REPAIRED,
      message: '4 refs were not as published; all are as they should be again.',
    });
    await expectWhole(id, 'strayed');
    expect(await git(['symbolic-ref', 'HEAD'], { cwd })).toBe('refs/heads/main');
    // Readers have seen nothing of it.
    expect(await epochOf(id)).toBe(1);
    await house.commit('strayed', 'topic-3');
    expect(await outcome(id, 'mirror.verify')).toMatchObject({ state: VERIFICATION_STATE_OK });
    await expectWhole(id, 'strayed');
    expect(await epochOf(id)).toBe(2);
  });

  it('is cloned anew where a bit of a blob has flipped, under a new epoch', async () => {
    await house.givenRepository('flipped', {
      commits: 20,
      branches: 2,
      tags: 1,
      noise: { bytes: 50_000, every: 2 },
    });
    const id = await house.select('flipped');
    const folder = join(house.disk.repositoryPath(id), 'objects/pack');
    // The first clone's maintenance must not write the pack anew just then.
    await eventually(() => house.output.includes(`"repository_id":"${id}","kind":"geometric"`));
    const pack = (await readdir(folder)).find((name) => name.endsWith('.pack')) ?? '';
    await flipBit(join(folder, pack));
    // What only follows names does not see it.
    await git(['fsck', '--connectivity-only'], { cwd: house.disk.repositoryPath(id) });
    expect(await outcome(id, 'mirror.verify')).toMatchObject({
      state: VERIFICATION_STATE_REPAIRED,
      message: 'Objects are missing or spoilt: it was cloned anew.',
    });
    await expectWhole(id, 'flipped');
    expect(await epochOf(id)).toBe(2);
    const run = await eventually(() =>
      house.registry.runs.find(({ repositoryId, epoch }) => repositoryId === id && epoch === 2),
    );
    expect(run).toMatchObject({ outcome: RUN_OUTCOME_CLONED, changeCount: 0 });
  });

  it('is not said to be whole while the primary cannot be asked, and is when it can', async () => {
    await house.givenRepository('alone');
    const id = await house.select('alone');
    house.admits = () => false;
    expect(await outcome(id, 'mirror.verify')).toMatchObject({ state: VERIFICATION_STATE_FAILED });
    house.admits = () => true;
    expect(await outcome(id, 'mirror.verify')).toMatchObject({ state: VERIFICATION_STATE_OK });
  });
});

describe('a clone made anew', () => {
  it('takes the place of the old one, in which readers finish what they began', async () => {
    await house.givenRepository('swapped');
    const id = await house.select('swapped');
    const target = join(house.scratch.path, 'reader');
    const reader = await slowReader(id, target);
    const old = await stat(house.disk.repositoryPath(id));
    const forced = await git(['rev-parse', 'topic-1'], { cwd: house.upstream('swapped') });
    const dropped = await house.commit('swapped', 'topic-1');
    await house.ensureFresh(id);
    await git(['update-ref', 'refs/heads/topic-1', forced], { cwd: house.upstream('swapped') });
    await house.ensureFresh(id);
    await house.commit('swapped');
    expect(await outcome(id, 'mirror.reclone')).toMatchObject({
      state: VERIFICATION_STATE_REPAIRED,
      message: 'It was cloned anew.',
    });
    expect((await stat(house.disk.repositoryPath(id))).ino).not.toBe(old.ino);
    await reader.goOn();
    await git(['fsck', '--full', '--strict'], { cwd: target });
    // The commit was made after the reader had seen the refs.
    expect(await git(['rev-parse', 'origin/main'], { cwd: target })).toBe(
      await git(['rev-parse', 'main~1'], { cwd: house.upstream('swapped') }),
    );
    await expectWhole(id, 'swapped');
    // Whoever was told of this tip a moment ago may still want it; the primary has it no longer.
    const held = await git(['for-each-ref', '--format=%(objectname)', 'refs/antipode/pins'], {
      cwd: house.disk.repositoryPath(id),
    });
    expect(held.split('\n')).toContain(dropped);
    expect(await epochOf(id)).toBeGreaterThan(1);
    const tip = await house.commit('swapped');
    await house.ensureFresh(id);
    expect((await localRefs(house.disk.repositoryPath(id)))['refs/heads/main']).toBe(tip);
  });

  it('is made at last though sync is killed in the middle, and the old one is served until then', async () => {
    await house.givenRepository('killed', {
      commits: 300,
      branches: 4,
      tags: 1,
      noise: { bytes: 30_000, every: 2 },
    });
    const id = await house.select('killed');
    const folder = dirname(house.disk.repositoryPath(id));
    const old = await stat(house.disk.repositoryPath(id));
    const staging = async (): Promise<string | undefined> =>
      (await readdir(folder)).find((name) => name.startsWith(`${id}.git.staging-`));
    await house.request('mirror.reclone', id);
    const begun = await eventually(staging);
    await house.end('SIGKILL');
    await house.forgetClaims();
    expect(await exists(join(folder, begun))).toBe(true);
    expect((await stat(house.disk.repositoryPath(id))).ino).toBe(old.ino);
    expect(await epochOf(id)).toBe(1);
    await house.start();
    expect(await epochOf(id)).toBe(1);
    await eventually(async () => (await epochOf(id)) === 2, { timeoutMs: 40_000 });
    await eventually(() => house.registry.last(id)?.verification?.state === VERIFICATION_STATE_REPAIRED);
    await expectWhole(id, 'killed');
    expect(await staging()).toBeUndefined();
  }, 90_000);
});

async function flipBit(path: string): Promise<void> {
  await chmod(path, 0o644);
  const file = await open(path, 'r+');
  // In the second half of a pack are blobs.
  const position = Math.floor((await file.stat()).size * 0.75);
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position });
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, position);
  await file.close();
}

/** A clone that has been told the refs and has asked for everything, and whose pack is held back. */
async function slowReader(id: string, target: string): Promise<{ goOn(): Promise<unknown> }> {
  const [asked, go] = [join(house.scratch.path, 'asked'), join(house.scratch.path, 'go')];
  const hook = join(house.scratch.path, 'hook.sh');
  const wait = `touch ${asked}; while [ ! -e ${go} ]; do sleep 0.02; done; exec "$@"`;
  const program = join(house.scratch.path, 'upload-pack.sh');
  const serve = `exec git -c uploadpack.packObjectsHook=${hook} -c safe.directory=* upload-pack "$@"`;
  for (const [path, text] of [
    [hook, wait],
    [program, serve],
  ] as const)
    await writeFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const url = `file://${house.disk.repositoryPath(id)}`;
  const cloning = git(['clone', '--quiet', '--upload-pack', program, url, target]);
  cloning.catch(() => undefined);
  await eventually(() => exists(asked));
  return { goOn: () => writeFile(go, '').then(() => cloning) };
}
