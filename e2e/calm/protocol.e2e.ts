import { beforeAll, describe, expect, it } from '@jest/globals';
import { git, lsRemote, openScratch, tryGit, type GitOptions } from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { cloneAndCompare, fromOurDisk, primaryRefs, untilEqual } from '../src/same-as-primary.js';

let here: Neighbourhood;
let url: string;
let as: GitOptions['as'];
/** A repository with some hundred commits, merges, branches and tags of both kinds. */
let path: string;

beforeAll(async () => {
  here = await sharedHouse('calm');
  path = `${here.house.workspace}/storefront`;
  url = here.house.url(path);
  as = here.house.credential('reader');
  await untilEqual(here, path);
}, 240_000);

describe.each([0, 1, 2] as const)('over protocol v%i', (protocol) => {
  const ask = (args: readonly string[], options: GitOptions = {}): Promise<string> =>
    git(args, { as, protocol, ...options });
  const count = async (cwd: string): Promise<number> =>
    Number(await git(['rev-list', '--count', 'HEAD'], { cwd }));

  it('clones everything, from our disk', async () => {
    await using scratch = await openScratch();
    await fromOurDisk(here, path, () => cloneAndCompare(here, path, { to: scratch.file('clone'), protocol }));
  });

  it('clones with a working tree as people do, and the way back is the mirror', async () => {
    await using scratch = await openScratch();
    await ask(['clone', '--quiet', url, scratch.file('work')]);
    const cwd = scratch.file('work');

    expect(await git(['status', '--porcelain'], { cwd })).toBe('');
    expect(await git(['symbolic-ref', 'HEAD'], { cwd })).toBe('refs/heads/main');
    expect(await git(['symbolic-ref', 'refs/remotes/origin/HEAD'], { cwd })).toBe('refs/remotes/origin/main');
    const refs = await primaryRefs(here, path);
    expect(await git(['rev-parse', 'HEAD'], { cwd })).toBe(refs['refs/heads/main']);
  });

  it('clones one commit, deepens, and fetches the rest', async () => {
    await using scratch = await openScratch();
    const cwd = scratch.file('shallow');
    await ask(['clone', '--quiet', '--depth', '1', url, cwd]);
    expect(await count(cwd)).toBe(1);
    expect(await git(['branch', '--remotes'], { cwd })).not.toContain('develop');

    await ask(['fetch', '--quiet', '--deepen', '5'], { cwd });
    expect(await count(cwd)).toBeGreaterThan(5);
    expect(await git(['rev-parse', '--is-shallow-repository'], { cwd })).toBe('true');

    await ask(['fetch', '--quiet', '--unshallow'], { cwd });
    expect(await git(['rev-parse', '--is-shallow-repository'], { cwd })).toBe('false');
    await git(['fsck', '--strict', '--no-progress'], { cwd });
    expect(await count(cwd)).toBe(await primaryCount());
  });

  it('clones what is younger than a day of the history, and what a tag does not reach', async () => {
    await using scratch = await openScratch();
    const middle = await git(['log', '--format=%ct', '--skip=100', '-1', 'main'], {
      cwd: await primaryClone(),
    });
    await ask([
      'clone',
      '--quiet',
      '--shallow-since',
      `${middle} +0000`,
      '--branch',
      'main',
      url,
      scratch.file('since'),
    ]);
    await ask([
      'clone',
      '--quiet',
      '--shallow-exclude',
      'v1.1.0',
      '--branch',
      'main',
      url,
      scratch.file('exclude'),
    ]);

    const direct = { as: here.house.credential('owner'), protocol: 2 as const };
    const primary = here.house.primaryUrl(path);
    await git(
      [
        'clone',
        '--quiet',
        '--shallow-since',
        `${middle} +0000`,
        '--branch',
        'main',
        primary,
        scratch.file('since2'),
      ],
      direct,
    );
    await git(
      [
        'clone',
        '--quiet',
        '--shallow-exclude',
        'v1.1.0',
        '--branch',
        'main',
        primary,
        scratch.file('exclude2'),
      ],
      direct,
    );
    expect(await count(scratch.file('since'))).toBe(await count(scratch.file('since2')));
    expect(await count(scratch.file('exclude'))).toBe(await count(scratch.file('exclude2')));
  });

  it('clones a single branch, without tags', async () => {
    await using scratch = await openScratch();
    const cwd = scratch.file('single');
    await ask(['clone', '--quiet', '--single-branch', '--no-tags', '--branch', 'develop', url, cwd]);

    const names = await git(['for-each-ref', '--format=%(refname)'], { cwd });
    expect(names.split('\n').sort()).toEqual(['refs/heads/develop', 'refs/remotes/origin/develop']);
  });

  it('clones without blobs, and brings them when they are needed', async () => {
    await using scratch = await openScratch();
    const cwd = scratch.file('blobless');
    await ask(['clone', '--quiet', '--filter=blob:none', '--no-checkout', url, cwd]);
    const missing = await git(['rev-list', '--objects', '--all', '--missing=print'], { cwd });
    expect(missing.split('\n').filter((line) => line.startsWith('?')).length).toBeGreaterThan(50);

    await ask(['checkout', '--quiet', 'main'], { cwd });
    expect(await git(['status', '--porcelain'], { cwd })).toBe('');
    await ask(['cat-file', 'blob', 'v1.0.0:README.md'], { cwd });
  });

  it('fetches what is new into an old clone, tags that follow included', async () => {
    await using scratch = await openScratch();
    const cwd = scratch.file('old');
    await ask(['clone', '--quiet', '--single-branch', '--branch', 'develop', url, cwd]);
    await ask(['fetch', '--quiet', 'origin', 'main', '+refs/heads/*:refs/remotes/origin/*'], { cwd });

    await git(['fsck', '--strict', '--no-progress'], { cwd });
    const refs = await primaryRefs(here, path);
    expect(await git(['rev-parse', 'origin/main'], { cwd })).toBe(refs['refs/heads/main']);
    expect(await git(['rev-parse', 'v2.0.0'], { cwd })).toBe(refs['refs/tags/v2.0.0']);
  });

  it('fetches one tip by its name alone', async () => {
    await using scratch = await openScratch();
    const cwd = scratch.file('by-oid');
    const oid = (await primaryRefs(here, path))['refs/heads/develop'] ?? '';
    await git(['init', '--quiet', cwd]);
    await ask(['fetch', '--quiet', '--depth', '1', url, oid], { cwd });
    expect(await git(['rev-parse', 'FETCH_HEAD'], { cwd })).toBe(oid);
  });

  it.each([[['--tags']], [['--heads']], [['--symref']], [['--refs']]])(
    'lists refs like the primary with %j',
    async (flags) => {
      const direct = { as: here.house.credential('owner'), protocol };
      expect(await ask(['ls-remote', ...flags, url])).toBe(
        await git(['ls-remote', ...flags, here.house.primaryUrl(path)], direct),
      );
    },
  );

  it.each(['main', 'refs/tags/v1*', 'feature/*', '*/develop', 'HEAD', 'no-such-ref'])(
    'lists refs by the pattern %s',
    async (pattern) => {
      const direct = { as: here.house.credential('owner'), protocol };
      const ours = await ask(['ls-remote', '--symref', url, pattern]);
      expect(ours).toBe(await git(['ls-remote', '--symref', here.house.primaryUrl(path), pattern], direct));
    },
  );

  it('clones an empty repository, with the branch that waits to be born', async () => {
    await using scratch = await openScratch();
    const empty = 'playground';
    await git(['clone', '--quiet', here.house.primaryUrl(empty), scratch.file('direct')], {
      as: here.house.credential('owner'),
      protocol,
    });
    const { code, stderr } = await tryGit(['clone', here.house.url(empty), scratch.file('mirrored')], {
      as,
      protocol,
    });

    expect(stderr).toContain('You appear to have cloned an empty repository');
    expect(code).toBe(0);
    expect(await git(['symbolic-ref', 'HEAD'], { cwd: scratch.file('mirrored') })).toBe(
      await git(['symbolic-ref', 'HEAD'], { cwd: scratch.file('direct') }),
    );
  });

  it('clones a repository whose HEAD points to no branch that exists', async () => {
    await using scratch = await openScratch();
    const unborn = await repositoryWithUnbornHead(protocol);
    const there = { as: here.house.credential('owner'), protocol };

    const direct = await tryGit(['clone', here.house.primaryUrl(unborn), scratch.file('direct')], there);
    const mirrored = await tryGit(['clone', here.house.url(unborn), scratch.file('mirrored')], there);

    expect({ ...mirrored, stderr: withoutNames(mirrored.stderr) }).toEqual({
      ...direct,
      stderr: withoutNames(direct.stderr),
    });
    expect(await lsRemote(here.house.url(unborn), there)).toEqual(
      await lsRemote(here.house.primaryUrl(unborn), there),
    );
  });
});

it('serves the same URL without .git, and the way that people have it in their configuration', async () => {
  const direct = await primaryRefs(here, path);
  expect(await lsRemote(url.replace(/\.git$/, ''), { as })).toEqual(direct);
  const insteadOf = {
    as,
    config: [[`url.${here.house.demo.mirror.url}/.insteadOf`, 'https://bitbucket.org/']] as const,
  };
  expect(await lsRemote(`https://bitbucket.org/${path}.git`, insteadOf)).toEqual(direct);
});

let clonedFromPrimary: Promise<string> | undefined;

/** One clone from the primary itself, to compare with. It lives in the run's folder. */
function primaryClone(): Promise<string> {
  clonedFromPrimary ??= (async () => {
    const to = `${here.house.data}/storefront-from-primary`;
    await git(['clone', '--quiet', '--mirror', here.house.primaryUrl(path), to], {
      as: here.house.credential('owner'),
    });
    return to;
  })();
  return clonedFromPrimary;
}

const primaryCount = async (): Promise<number> =>
  Number(await git(['rev-list', '--count', 'main'], { cwd: await primaryClone() }));

async function repositoryWithUnbornHead(protocol: number): Promise<string> {
  const unborn = `${here.house.workspace}/unborn-${protocol}`;
  await here.sim.create(unborn, 'WEB');
  await here.sim.commit(unborn, { branch: 'main', files: { a: '1' } });
  await here.sim.moveRefs(unborn, { 'refs/heads/other': 'refs/heads/main' });
  await here.sim.moveRefs(unborn, { 'refs/heads/main': null });
  await untilEqual(here, unborn, 30_000);
  return unborn;
}

/** What git says names the URL and the folder, which differ. */
const withoutNames = (said: string): string =>
  said.replace(/'[^']*'/g, "'…'").replace(/^remote: antipode.*\n/m, '');
