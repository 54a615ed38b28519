import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, git, lsRemote, openScratch, tryGit, type GitCredential } from '@antipode/testing';
import { SELECTED, sharedHouse, VERDICT_MS, type Neighbourhood } from '../src/neighbourhood.js';
import { cloneAndCompare, fromOurDisk, primaryRefs, untilEqual } from '../src/same-as-primary.js';

let here: Neighbourhood;
let owner: GitCredential;

beforeAll(async () => {
  here = await sharedHouse('rough');
  owner = here.house.credential('owner');
}, 240_000);

afterAll(() => here.mirror.select(SELECTED));

const may = async (path: string, as: GitCredential | undefined): Promise<boolean> =>
  (await tryGit(['ls-remote', here.house.url(path)], { as })).code === 0;

describe('the selection', () => {
  it('lets a clone through from the first second, and takes over when the sync is done', async () => {
    await using scratch = await openScratch();
    const path = `${here.house.workspace}/warehouse`;
    await here.mirror.select([...SELECTED, 'DATA']);
    await eventually(() => may(path, owner), { timeoutMs: 10_000, everyMs: 50 });
    await cloneAndCompare(here, path, { to: scratch.file('first') });

    await here.mirror.untilSynced(path);
    await fromOurDisk(here, path, () => cloneAndCompare(here, path, { to: scratch.file('second') }));
  });

  it('stops serving a project at once when it leaves the selection', async () => {
    const path = `${here.house.workspace}/warehouse`;
    expect(await may(path, owner)).toBe(true);
    await here.mirror.select(SELECTED);
    await eventually(async () => !(await may(path, owner)), { timeoutMs: 2000, everyMs: 50 });
    const said = async (slug: string, as: GitCredential): Promise<string> =>
      (await tryGit(['ls-remote', here.house.url(slug)], { as })).stderr.replaceAll(slug, '…');
    // Whom the primary lets read it is told why; to everybody else it is as if it had never been.
    expect(await said('warehouse', owner)).toContain('is not mirrored here');
    const stranger = here.house.credential('stranger');
    expect(await said('warehouse', stranger)).toBe(await said('no-such-thing', stranger));
  });
});

describe('the life of a repository on the primary', () => {
  it('is mirrored soon after it was made, without anybody telling the mirror', async () => {
    const path = await givenRepository('newcomer');
    await here.mirror.untilSynced(path);
    await untilEqual(here, path);
  });

  it('answers to its new name after a rename, with the bytes it has, and to the old one no more', async () => {
    await using scratch = await openScratch();
    const path = await givenRepository('old-name');
    await here.mirror.untilSynced(path);
    const { id } = await here.mirror.repository(path);

    await here.sim.change(path, { name: 'New Name' });
    const renamed = `${here.house.workspace}/new-name`;
    await eventually(() => may(renamed, owner), { timeoutMs: 20_000, everyMs: 200 });
    await here.mirror.untilSynced(renamed);

    expect((await here.mirror.repository(renamed)).id).toBe(id);
    await fromOurDisk(here, renamed, () => cloneAndCompare(here, renamed, { to: scratch.file('clone') }));
    expect(await may(path, owner)).toBe(false);
  });

  it('is gone when the primary deleted it', async () => {
    const path = await givenRepository('short-life');
    await here.mirror.untilSynced(path);
    await here.sim.remove(path);
    await eventually(async () => !(await may(path, owner)), { timeoutMs: VERDICT_MS + 10_000, everyMs: 200 });
    await eventually(async () => (await here.mirror.repositories()).every((one) => one.path !== path), {
      timeoutMs: 20_000,
    });
  });

  it('opens to everybody when it becomes public, and closes again', async () => {
    const path = `${here.house.workspace}/for-all`;
    await here.sim.create(path, 'PUB', 'private');
    await here.sim.commit(path, { files: { a: 'b' } });
    await here.mirror.untilSynced(path);
    expect(await may(path, undefined)).toBe(false);

    await here.sim.change(path, { is_private: false });
    await eventually(() => may(path, undefined), { timeoutMs: 20_000, everyMs: 200 });
    expect(await lsRemote(here.house.url(path))).toEqual(await primaryRefs(here, path));

    await here.sim.change(path, { is_private: true });
    await eventually(async () => !(await may(path, undefined)), {
      timeoutMs: VERDICT_MS + 10_000,
      everyMs: 200,
    });
  });

  it('leaves when it is moved to a project outside the selection, and is back when it returns', async () => {
    const path = await givenRepository('mover');
    await here.mirror.untilSynced(path);
    await here.sim.change(path, { project: { key: 'DATA' } });
    await eventually(async () => !(await may(path, owner)), { timeoutMs: 20_000, everyMs: 200 });
    await here.sim.change(path, { project: { key: 'WEB' } });
    await eventually(() => may(path, owner), { timeoutMs: 20_000, everyMs: 200 });
    await untilEqual(here, path, 20_000);
  });
});

it('says nothing about a repository outside the selection that a clone could use', async () => {
  await using scratch = await openScratch();
  const { code } = await tryGit(['clone', here.house.url('pipelines'), scratch.file('no')], { as: owner });
  expect(code).not.toBe(0);
  expect(
    (await git(['ls-remote', here.house.primaryUrl('pipelines')], { as: owner })).length,
  ).toBeGreaterThan(0);
});

async function givenRepository(slug: string): Promise<string> {
  const path = `${here.house.workspace}/${slug}`;
  await here.sim.create(path, 'WEB');
  await here.sim.commit(path, {
    files: { 'README.md': slug, 'noise.txt': randomBytes(300_000).toString('hex') },
  });
  await here.sim.commit(path, { branch: 'develop', files: { 'README.md': `${slug} develops` } });
  return path;
}
