import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { git, openScratch, tryGit, type GitCredential } from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { untilEqual } from '../src/same-as-primary.js';

/** How long each storm lasts at least, and how often it must have rewritten history to count as one. */
const STORM_MS = 5000;
const REWRITES = 10;
const READERS = 3;

let here: Neighbourhood;
let as: GitCredential;

beforeAll(async () => {
  here = await sharedHouse('calm');
  as = here.house.credential('writer');
}, 240_000);

describe.each([0, 2] as const)('over protocol v%i, while branches are rewritten and deleted', (protocol) => {
  it('gives every clone and every fetch one whole state, and never "not our ref"', async () => {
    await using scratch = await openScratch();
    const path = await givenRepository(`storm-${protocol}`);
    const end = new AbortController();
    const storm = rewrite(path, end.signal);
    const old = scratch.file('fetching');
    await git(['clone', '--quiet', here.house.url(path), old], { as, protocol });
    const begun = Date.now();
    const isRaging = (): boolean => Date.now() - begun < STORM_MS || storm.states.length < REWRITES;
    const cloned: string[] = [];
    const failures: string[] = [];

    await Promise.all([
      ...Array.from({ length: READERS }, async (_, reader) => {
        for (let n = 0; isRaging(); n += 1) {
          const to = scratch.file(`clone-${reader}-${n}`);
          const { code, stderr } = await tryGit(['clone', '--quiet', '--mirror', here.house.url(path), to], {
            as,
            protocol,
          });
          if (code === 0) cloned.push(to);
          else failures.push(stderr);
        }
      }),
      (async () => {
        while (isRaging()) {
          const { code, stderr } = await tryGit(['fetch', '--quiet', '--prune', 'origin'], {
            cwd: old,
            as,
            protocol,
          });
          if (code !== 0) failures.push(stderr);
        }
      })(),
    ]);
    end.abort();
    await storm.ended;

    expect(failures).toEqual([]);
    // A storm in which nobody read would show nothing.
    expect(cloned.length).toBeGreaterThan(READERS);
    for (const clone of cloned) await expectOneMoment(clone, storm.states);
    await untilEqual(here, path);
  });
});

/**
 * Over v2 the storm alone would not notice missing pins, because v2 hands out any object that is there, and nothing is
 * thrown away so soon. Here everything that no ref holds is.
 */
it('lets a client finish that has seen the refs before they were rewritten and all garbage was collected', async () => {
  await using scratch = await openScratch();
  const path = await givenRepository('advertised-before');
  const oid = await here.sim.commit(path, { branch: 'left', files: { 'left.txt': 'soon gone' } });
  await untilEqual(here, path);
  const seen = await git(['ls-remote', here.house.url(path), 'refs/heads/left'], { as });
  expect(seen.split('\t')[0]).toBe(oid);

  await here.sim.commit(path, {
    branch: 'left',
    files: { 'left.txt': 'rewritten' },
    parent: null,
    force: true,
  });
  await untilEqual(here, path);
  for (const repository of await copiesOf(path)) {
    await git(['repack', '-a', '-d', '--quiet'], { cwd: repository });
    await git(['prune', '--expire=now'], { cwd: repository });
  }

  // What the client asks for now is what it was told a moment ago, and nobody but the mirror can have it.
  for (const protocol of [0, 2] as const) {
    const cwd = scratch.file(`client-${protocol}`);
    await git(['init', '--quiet', cwd]);
    const direct = await tryGit(['fetch', here.house.primaryUrl(path), oid], { cwd, as, protocol });
    expect(direct.code).not.toBe(0);
    await git(['fetch', '--quiet', here.house.url(path), oid], { cwd, as, protocol });
    expect(await git(['rev-parse', 'FETCH_HEAD'], { cwd })).toBe(oid);
  }
});

/** The mirror's and the primary's. */
async function copiesOf(path: string): Promise<string[]> {
  const { id } = await here.mirror.repository(path);
  const { repositories } = await here.sim.state();
  const uuid = repositories.find(({ fullName }) => fullName === path)?.uuid.slice(1, -1);
  return [
    join(here.house.data, 'repositories', id.slice(0, 2), `${id}.git`),
    join(here.house.data, 'bitbucket-sim/repositories', `${uuid}.git`),
  ];
}

async function givenRepository(slug: string): Promise<string> {
  const path = `${here.house.workspace}/${slug}`;
  await here.sim.create(path, 'WEB');
  await here.sim.commit(path, {
    branch: 'main',
    files: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, `${i}`])),
  });
  await here.sim.moveRefs(path, {
    'refs/heads/left': 'refs/heads/main',
    'refs/heads/right': 'refs/heads/main',
  });
  await here.mirror.untilSynced(path);
  await untilEqual(here, path, 30_000);
  return path;
}

interface Storm {
  /** Every commit that `left` and `right` were at, in order. */
  readonly states: readonly string[];
  readonly ended: Promise<void>;
}

/**
 * Rewrites history as fast as the primary allows. `left` and `right` always move together, in one push, to a commit
 * without parents; `gone` comes and goes with them.
 */
function rewrite(path: string, signal: AbortSignal): Storm {
  const states: string[] = [];
  const once = async (): Promise<void> => {
    const times = states.length;
    const files = { 'left.txt': `${times}`, [`noise-${times % 5}`]: 'x'.repeat(5000 + times) };
    // On a branch of its own first, so that the pair can move in one transaction.
    const oid = await here.sim.commit(path, { branch: 'next', files, parent: null, force: true });
    states.push(oid);
    const gone = times % 2 === 0 ? oid : null;
    await here.sim.moveRefs(path, {
      'refs/heads/left': oid,
      'refs/heads/right': oid,
      'refs/heads/gone': gone,
    });
  };
  const ended = (async () => {
    while (!signal.aborted) await once();
  })();
  return { states, ended };
}

/**
 * All refs of one moment, and all their objects.
 *
 * A moment of the primary, that is: its refs are files, so whoever reads in the very instant in which a push moves the
 * pair may see one of them moved and the other not yet. Two epochs mixed by us would lie further apart.
 */
async function expectOneMoment(clone: string, states: readonly string[]): Promise<void> {
  const [left = 0, right = 0] = await Promise.all(
    ['left', 'right'].map(async (name) =>
      states.indexOf(await git(['rev-parse', `refs/heads/${name}`], { cwd: clone })),
    ),
  );
  expect(Math.abs(left - right)).toBeLessThanOrEqual(1);
  await git(['fsck', '--connectivity-only', '--no-progress'], { cwd: clone });
}
