import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { allProcesses, eventually, git, localRefs, lsRemote, withoutHead } from '@antipode/testing';
import { SyncHouse } from './open-sync.js';

const MINUTES = 60_000;
let house: SyncHouse;
beforeAll(async () => {
  house = await SyncHouse.open({ COMPARE_SECONDS: '86400' });
}, MINUTES);
afterAll(() => house[Symbol.asyncDispose]());

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Looks as often as it can, so that the moment is not missed. */
async function moment(question: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await question()) && Date.now() < deadline) await turn();
}

/** Gits that work on this house's repositories, whoever started them. */
async function gits(): Promise<number[]> {
  const owned = await Promise.all(
    (await allProcesses())
      .filter(({ argv }) => argv[0]?.startsWith('git') || argv[0]?.includes('/git'))
      .map(async ({ pid }) => {
        const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
        return environment.includes(`ANTIPODE_GIT_OWNER=sync of ${house.disk.root}`) ? pid : undefined;
      }),
  );
  return owned.filter((pid) => pid !== undefined);
}

/** What a reader finds right now must be whole: every object of every ref, or nothing at all. */
async function expectWholeOrNothing(id: string): Promise<void> {
  const snapshot = await house.disk.readSnapshot(id);
  if (!snapshot) return;
  const input = snapshot.refs.map(({ oid }) => `${oid}\n`).join('');
  await git(['rev-list', '--objects', '--quiet', '--stdin'], { cwd: house.disk.repositoryPath(id), input });
}

async function expectConverged(id: string, name: string): Promise<void> {
  await eventually(() => house.ensureFresh(id), { timeoutMs: 40_000 });
  const primary = withoutHead(await lsRemote(`${house.primary.url}/${name}.git`));
  const snapshot = await house.disk.readSnapshot(id);
  const refs = Object.fromEntries((snapshot?.refs ?? []).map(({ name: ref, oid }) => [ref, oid]));
  expect(refs).toEqual(Object.fromEntries(Object.entries(primary).filter(([ref]) => !ref.endsWith('^{}'))));
  const onDisk = Object.entries(await localRefs(house.disk.repositoryPath(id)));
  expect(Object.fromEntries(onDisk.filter(([ref]) => !ref.startsWith('refs/antipode/')))).toEqual(primary);
  await git(['fsck', '--connectivity-only'], { cwd: house.disk.repositoryPath(id) });
  const beside = await names(dirname(house.disk.repositoryPath(id)));
  expect(beside.filter((entry) => entry.includes('staging'))).toEqual([]);
}

describe('sync, killed', () => {
  const shape = { commits: 300, branches: 40, tags: 10, noise: { bytes: 20_000, every: 2 } };
  const stagingOf = async (id: string): Promise<string | undefined> =>
    (await names(dirname(house.disk.repositoryPath(id)))).find((name) =>
      name.startsWith(`${id}.git.staging-`),
    );
  const stagedPacks = async (id: string): Promise<string[]> =>
    names(join(dirname(house.disk.repositoryPath(id)), (await stagingOf(id)) ?? '-', 'objects/pack'));

  /** Kills sync while it clones for the first time, and starts it again. */
  async function killDuringClone(id: string, isNow: (id: string) => Promise<unknown>): Promise<void> {
    const asked = house.ensureFresh(id).catch(() => undefined);
    await moment(async () => Boolean(await isNow(id)));
    await house.end('SIGKILL');
    await asked;
    await expectWholeOrNothing(id);
    const left = await stagingOf(id);
    await house.start();
    // What the next life has begun has another name.
    if (left) expect(await names(dirname(house.disk.repositoryPath(id)))).not.toContain(left);
  }

  it(
    'during a first clone, at each of its steps, leaves nothing half-done and finishes in the end',
    async () => {
      const id = await house.givenRepository('clone', shape);
      house.registry.select(id, 'clone');
      await killDuringClone(id, stagingOf);
      await killDuringClone(id, async () =>
        (await stagedPacks(id)).some((name) => name.startsWith('tmp_pack')),
      );
      await killDuringClone(id, async () => (await stagedPacks(id)).some((name) => name.endsWith('.pack')));
      await killDuringClone(id, () => exists(house.disk.repositoryPath(id)));
      await expectConverged(id, 'clone');
      // Its own maintenance may be about; what the killed process left would stay for ever.
      await eventually(async () => (await gits()).length === 0, { timeoutMs: 20_000 });
    },
    2 * MINUTES,
  );

  it(
    'during increments, at whatever moment, serves one whole epoch and then the newest',
    async () => {
      const name = 'increments';
      await house.givenRepository(name, { commits: 60, branches: 5, tags: 2 });
      const id = await house.select(name);
      const repository = house.disk.repositoryPath(id);
      const cwd = house.upstream(name);
      const packs = async (): Promise<number> => (await names(join(repository, 'objects/pack'))).length;
      const moments: ((before: { packs: number; tip: string }) => Promise<boolean>)[] = [
        async (before) => (await packs()) !== before.packs,
        async ({ tip }) =>
          (await git(['rev-parse', 'refs/heads/main'], { cwd: repository }).catch(() => tip)) !== tip,
        () => Promise.resolve(true),
      ];
      for (const isNow of moments) {
        const before = {
          packs: await packs(),
          tip: await git(['rev-parse', 'refs/heads/main'], { cwd: repository }),
        };
        await git(['update-ref', '-d', `refs/heads/topic-${moments.indexOf(isNow) + 1}`], { cwd });
        await git(['update-ref', 'refs/heads/main', 'main~1'], { cwd });
        await house.commit(name);
        const asked = house.ensureFresh(id).catch(() => undefined);
        await moment(() => isNow(before), 5000);
        await house.end('SIGKILL');
        await asked;
        await expectWholeOrNothing(id);
        expect(await house.disk.readSnapshot(id)).toBeDefined();
        await house.start();
        await expectConverged(id, name);
      }
    },
    4 * MINUTES,
  );

  it(
    'by its git alone, goes on by itself',
    async () => {
      const id = await house.givenRepository('git-killed', shape);
      house.registry.select(id, 'git-killed');
      for (let i = 0; i < 2; i += 1) {
        await moment(async () => (await gits()).length > 0, 3000);
        for (const pid of await gits()) {
          try {
            process.kill(pid, 'SIGKILL');
          } catch {
            // It had just ended.
          }
        }
      }
      await eventually(() => house.disk.statMirror(id), { timeoutMs: 40_000 });
      await expectConverged(id, 'git-killed');
    },
    2 * MINUTES,
  );

  it(
    'politely, ends what runs and exits in time',
    async () => {
      const id = await house.givenRepository('polite', shape);
      house.registry.select(id, 'polite');
      await moment(async () => (await stagingOf(id)) !== undefined);
      const before = Date.now();
      await house.end('SIGTERM');
      expect(Date.now() - before).toBeLessThan(12_000);
      expect(await gits()).toEqual([]);
      await expectWholeOrNothing(id);
    },
    2 * MINUTES,
  );
});
