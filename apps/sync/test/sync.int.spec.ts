import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registry } from '@antipode/contracts';
import { eventually, git, localRefs, lsRemote, withoutHead } from '@antipode/testing';
import { SyncHouse } from './open-sync.js';

let house: SyncHouse;
beforeAll(async () => {
  house = await SyncHouse.open({ COMPARE_SECONDS: '86400' });
}, 60_000);
afterAll(() => house[Symbol.asyncDispose]());

/** Refs by name as the published snapshot has them, in the form of ls-remote. */
async function published(id: string): Promise<Record<string, string>> {
  const snapshot = await house.disk.readSnapshot(id);
  return Object.fromEntries(
    (snapshot?.refs ?? []).flatMap(
      ({ name, oid, peeled }) =>
        [[name, oid], ...(peeled ? [[`${name}^{}`, peeled]] : [])] as [string, string][],
    ),
  );
}

/** The mirror holds exactly what the primary has now, on disk and in the snapshot, and is whole. */
async function expectEqual(id: string, name: string): Promise<void> {
  const primary = withoutHead(await lsRemote(`${house.primary.url}/${name}.git`));
  expect(await published(id)).toEqual(primary);
  const refs = await localRefs(house.disk.repositoryPath(id));
  expect(
    Object.fromEntries(Object.entries(refs).filter(([ref]) => !ref.startsWith('refs/antipode/'))),
  ).toEqual(primary);
  await git(['fsck', '--strict', '--connectivity-only'], { cwd: house.disk.repositoryPath(id) });
}

describe('sync', () => {
  it('clones what is selected, with every ref, and says so', async () => {
    await house.givenRepository('one');
    const id = await house.select('one');
    await expectEqual(id, 'one');
    const snapshot = await house.disk.readSnapshot(id);
    expect(snapshot).toMatchObject({ epoch: 1, headTarget: 'refs/heads/main' });
    const report = await eventually(() => house.registry.last(id)?.phase === 3 && house.registry.last(id));
    expect(report).toMatchObject({ epoch: 1, error: '' });
    expect(report.receivedBytesTotal).toBeGreaterThan(100);
    expect(report.sizeBytes).toBeGreaterThan(100);
  });

  it('publishes a new epoch when anything changes: heads, tags, deletions, HEAD', async () => {
    await house.givenRepository('changes');
    const id = await house.select('changes');
    const cwd = house.upstream('changes');
    const changes: (() => Promise<unknown>)[] = [
      () => house.commit('changes'),
      () => git(['tag', '-a', '-m', 'x', 'annotated', 'main'], { cwd }),
      () => git(['branch', '-D', 'topic-1'], { cwd }),
      () => git(['update-ref', 'refs/notes/commits', 'main~1'], { cwd }),
      () => git(['symbolic-ref', 'HEAD', 'refs/heads/topic-2'], { cwd }),
      // A folder takes the place of a name: git cannot do that in one transaction.
      () => git(['branch', '-m', 'topic-2', 'topic-2/deeper'], { cwd }),
      () => git(['branch', '-m', 'topic-2/deeper', 'topic-2'], { cwd }),
      () => git(['update-ref', 'refs/heads/main', 'main~3'], { cwd }),
    ];
    for (const [i, change] of changes.entries()) {
      await change();
      expect(await house.ensureFresh(id)).toMatchObject({ epoch: i + 2 });
      await expectEqual(id, 'changes');
    }
  });

  it('confirms without a new epoch when nothing changed, for the time before it asked', async () => {
    await house.givenRepository('still');
    const id = await house.select('still');
    const before = Date.now();
    const { epoch, confirmedAtMs } = await house.ensureFresh(id);
    expect(epoch).toBe(1);
    expect(confirmedAtMs).toBeGreaterThanOrEqual(before);
    expect((await house.disk.statMirror(id))?.confirmedAtMs).toBe(confirmedAtMs);
  });

  it('asks the primary once for a thousand readers', async () => {
    await house.givenRepository('crowd');
    const id = await house.select('crowd');
    await house.ensureFresh(id);
    const tip = await house.commit('crowd');
    const before = house.questions;
    const since = Date.now();
    await Promise.all(Array.from({ length: 1000 }, () => house.ensureFresh(id, since)));
    const fetches = 2;
    expect(house.questions - before).toBeLessThanOrEqual(1 + fetches);
    expect(Object.values(await published(id))).toContain(tip);
  });

  it('tells of what it has cloned and changed, and once of what fails, also when the registry was away', async () => {
    const runsOf = (id: string): registry.SyncRun[] =>
      house.registry.runs.filter(({ repositoryId }) => repositoryId === id);
    const { RUN_OUTCOME_CLONED, RUN_OUTCOME_FAILED, RUN_OUTCOME_UPDATED } = registry.RunOutcome;
    await house.givenRepository('told');
    const id = await house.select('told');
    house.registry.isDeaf = true;
    const before = await git(['rev-parse', 'main'], { cwd: house.upstream('told') });
    const tip = await house.commit('told');
    await house.ensureFresh(id);
    house.admits = (path) => !path.includes('told');
    for (let i = 0; i < 3; i += 1) await expect(house.ensureFresh(id)).rejects.toBeDefined();
    house.admits = () => true;
    await house.ensureFresh(id);
    house.registry.isDeaf = false;
    await eventually(() => runsOf(id).length === 3, { timeoutMs: 15_000 });
    const [cloned, updated, failed] = runsOf(id);
    expect(cloned).toMatchObject({ outcome: RUN_OUTCOME_CLONED, epoch: 1, changeCount: 10 });
    expect(updated).toMatchObject({ outcome: RUN_OUTCOME_UPDATED, epoch: 2, changeCount: 1 });
    expect(updated?.changes).toEqual([{ ref: 'refs/heads/main', fromOid: before, toOid: tip }]);
    expect(failed).toMatchObject({ outcome: RUN_OUTCOME_FAILED, epoch: 2, errorCode: 'unauthenticated' });
    expect(failed?.error).toContain('refuses');
    expect(failed?.endedAtMs).toBeGreaterThanOrEqual(updated?.beganAtMs ?? Infinity);
  });

  it('does not answer a reader by a question that was asked too early', async () => {
    await house.givenRepository('early');
    const id = await house.select('early');
    for (let i = 0; i < 5; i += 1) {
      const running = house.ensureFresh(id);
      const tip = await house.commit('early');
      await Promise.all([running, house.ensureFresh(id)]);
      expect(Object.values(await published(id))).toContain(tip);
    }
  });

  it('mirrors a repository without commits, and its first commit', async () => {
    await git(['init', '--quiet', '--bare', '--initial-branch=trunk', house.upstream('empty')]);
    const id = await house.select('empty');
    expect(await house.disk.readSnapshot(id)).toMatchObject({ headTarget: 'refs/heads/trunk', refs: [] });
    expect((await house.disk.readSnapshot(id))?.headOid).toBeUndefined();
    await house.commit('empty', 'trunk');
    await house.ensureFresh(id);
    await expectEqual(id, 'empty');
  });

  it('keeps dropped tips alive for their lease, hidden', async () => {
    await house.givenRepository('pins');
    const id = await house.select('pins');
    const dropped = await house.commit('pins');
    await house.ensureFresh(id);
    await git(['update-ref', 'refs/heads/main', 'main~2'], { cwd: house.upstream('pins') });
    await house.ensureFresh(id);
    const pins = await git(['for-each-ref', '--format=%(objectname)', 'refs/antipode/pins'], {
      cwd: house.disk.repositoryPath(id),
    });
    expect(pins).toBe(dropped);
    expect(Object.values(await published(id))).not.toContain(dropped);
  });

  it('knows nothing of a repository that is not selected', async () => {
    await expect(house.ensureFresh(SyncHouse.idOf('nobody'))).rejects.toMatchObject({ code: 'not_found' });
    await expect(house.ensureFresh('../../etc')).rejects.toMatchObject({ code: 'invalid' });
  });

  it('stops serving what is no longer selected, at once', async () => {
    await house.givenRepository('leaving');
    const id = await house.select('leaving');
    house.registry.deselect(id);
    await eventually(async () => (await house.disk.statMirror(id)) === undefined);
    await expect(house.ensureFresh(id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('keeps serving when the primary refuses the mirror, and says why', async () => {
    await house.givenRepository('refused');
    const id = await house.select('refused');
    house.admits = (path) => !path.includes('refused');
    await expect(house.ensureFresh(id)).rejects.toMatchObject({ code: 'primary_unavailable' });
    expect(await house.disk.readSnapshot(id)).toMatchObject({ epoch: 1 });
    await eventually(() => house.registry.last(id)?.errorCode === 'unauthenticated');
    house.admits = () => true;
    await house.ensureFresh(id);
    await eventually(() => house.registry.last(id)?.errorCode === '');
  });

  it('builds a damaged mirror anew beside the old one', async () => {
    const { rm, writeFile, readdir } = await import('node:fs/promises');
    await house.givenRepository('damaged');
    const id = await house.select('damaged');
    await writeFile(house.disk.snapshotPath(id), 'antipode snapshot 1\n');
    await house.ensureFresh(id);
    await expectEqual(id, 'damaged');
    // Objects that vanish under a running service come to light when the next fetch needs them.
    const packs = `${house.disk.repositoryPath(id)}/objects/pack`;
    for (const name of await readdir(packs)) await rm(`${packs}/${name}`);
    await house.commit('damaged');
    await house.ensureFresh(id).catch(() => undefined);
    await house.ensureFresh(id).catch(() => undefined);
    await house.ensureFresh(id);
    await expectEqual(id, 'damaged');
  });
});
