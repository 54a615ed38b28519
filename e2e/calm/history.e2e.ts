import { beforeAll, describe, expect, it } from '@jest/globals';
import { CHECKOUT, git, makeHistory, openScratch, type Scratch } from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { cloneAndCompare, fromOurDisk, untilEqual } from '../src/same-as-primary.js';

const BIG = { commits: 2200, branches: 900, tags: 150, noise: { bytes: 20_000, every: 20 } };

let here: Neighbourhood;

beforeAll(async () => {
  here = await sharedHouse('calm');
}, 240_000);

describe('whole histories', () => {
  it('has every ref and every object of a repository with thousands of commits and refs', async () => {
    await using scratch = await openScratch();
    await makeHistory(scratch.file('made'), BIG);
    const path = await publish(scratch.file('made'), ['--mirror'], 'big');
    const refs = await untilEqual(here, path, 60_000);

    await here.mirror.untilSynced(path);
    await fromOurDisk(here, path, () => cloneAndCompare(here, path, { to: scratch.file('clone') }));

    expect(Object.keys(refs).filter((name) => !name.endsWith('^{}')).length).toBeGreaterThan(1000);
    const commits = await git(['rev-list', '--all', '--count'], { cwd: scratch.file('clone') });
    expect(Number(commits)).toBeGreaterThanOrEqual(2000);
  }, 180_000);

  it("has the project's own history", async () => {
    await using scratch = await openScratch();
    const source = await ownHistory(scratch);
    const path = await publish(source, ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'], 'own');
    await untilEqual(here, path, 60_000);

    await here.mirror.untilSynced(path);
    await fromOurDisk(here, path, () => cloneAndCompare(here, path, { to: scratch.file('clone') }));

    const tree = await git(['ls-tree', '-r', '--name-only', 'refs/heads/checked-out'], {
      cwd: scratch.file('clone'),
    });
    expect(tree.split('\n')).toContain('package.json');
  }, 180_000);
});

/** Pushes a repository to the primary under a new name. @returns its path */
async function publish(source: string, refspecs: readonly string[], slug: string): Promise<string> {
  const path = `${here.house.workspace}/history-${slug}`;
  await here.sim.create(path, 'WEB');
  const as = here.house.credential('writer');
  await git(['push', '--quiet', here.house.primaryUrl(path), ...refspecs], {
    cwd: source,
    as,
    timeoutMs: 120_000,
  });
  return path;
}

/**
 * A bare copy of this checkout's history.
 *
 * CI may have cloned with a depth. Nobody can push such a history (its oldest commits name parents that are not
 * there), so it is rewritten to begin where it was cut; the files and all later commits are the same.
 */
async function ownHistory(scratch: Scratch): Promise<string> {
  const copy = scratch.file('own');
  await git(['init', '--quiet', '--bare', copy]);
  // CI checks out a commit, and may have no branch at all.
  const refspecs = ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*', 'HEAD:refs/heads/checked-out'];
  await git(['fetch', '--quiet', '--update-shallow', CHECKOUT, ...refspecs], { cwd: copy });
  if ((await git(['rev-parse', '--is-shallow-repository'], { cwd: copy })) === 'false') return copy;
  process.stderr.write('This checkout is shallow: its history is tested from where it was cut.\n');
  const rewritten = scratch.file('own-rewritten');
  await git(['init', '--quiet', '--bare', rewritten]);
  const stream = await git(['fast-export', '--all', '--signed-tags=strip', '--tag-of-filtered-object=drop'], {
    cwd: copy,
  });
  await git(['fast-import', '--quiet', '--force'], { cwd: rewritten, input: stream });
  return rewritten;
}
