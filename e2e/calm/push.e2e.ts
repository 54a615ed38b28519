import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  git,
  localRefs,
  lsRemote,
  openScratch,
  residentBytes,
  tryGit,
  withoutHead,
  type GitCredential,
  type GitResult,
  type Role,
  type Scratch,
} from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { commitNoise, WITHOUT_COMPRESSION } from '../src/noise.js';
import { primaryRefs } from '../src/same-as-primary.js';

const MEBI = 1024 * 1024;

let here: Neighbourhood;
let scratch: Scratch;
let as: GitCredential;
let path: string;
let work: string;

beforeAll(async () => {
  here = await sharedHouse('calm');
  scratch = await openScratch();
  as = here.house.credential('writer');
  path = `${here.house.workspace}/pushed`;
  work = scratch.file('work');
  await here.sim.create(path, 'WEB');
  await here.mirror.untilSynced(path);
  await git(['clone', '--quiet', here.house.url(path), work], { as });
  // The first push that this repository sees goes through the mirror.
  await commit('The beginning');
  await push(['HEAD:refs/heads/main']);
}, 240_000);

afterEach(() => here.sim.heal());

afterAll(async () => {
  await here.sim.remove(path);
  await scratch[Symbol.asyncDispose]();
});

const tryPush = (args: readonly string[], who: GitCredential = as): Promise<GitResult> =>
  tryGit(['push', 'origin', ...args], { cwd: work, as: who });

/** @returns what git said */
async function push(args: readonly string[]): Promise<string> {
  const { code, stderr } = await tryPush(args);
  if (code !== 0) throw new Error(`git push ${args.join(' ')} ended with ${code}:\n${stderr}`);
  return stderr;
}

/** Needs no working tree. @returns its oid */
async function commit(message: string): Promise<string> {
  await git(['commit', '--quiet', '--allow-empty', '--message', message], { cwd: work });
  return git(['rev-parse', 'HEAD'], { cwd: work });
}

/** What somebody else sees at once through the mirror, and that the primary has the same. */
async function seenByAnother(): Promise<Record<string, string>> {
  const seen = await lsRemote(here.house.url(path), { as: here.house.credential('reader') });
  expect(seen).toEqual(await primaryRefs(here, path));
  return seen;
}

describe('a push through the mirror', () => {
  it('brings a new branch, and later what goes forward', async () => {
    const first = await commit('First');
    expect(await push(['HEAD:refs/heads/topic'])).toContain('[new branch]');
    expect(await seenByAnother()).toHaveProperty('refs/heads/topic', first);
    const second = await commit('Second');
    await push(['HEAD:refs/heads/topic']);
    expect(await seenByAnother()).toHaveProperty('refs/heads/topic', second);
  });

  it('does not go back unless it is forced to, under a lease that the primary itself keeps', async () => {
    const theirs = await here.sim.commit(path, { branch: 'shared', files: { 'theirs.txt': 'theirs' } });
    const ours = await commit('Beside theirs');

    const refused = await tryPush(['HEAD:refs/heads/shared']);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/! \[rejected\] .*\(fetch first\)/);

    const stale = await tryPush([`--force-with-lease=shared:${ours}`, 'HEAD:refs/heads/shared']);
    expect(stale.stderr).toMatch(/! \[rejected\] .*\(stale info\)/);
    expect(await primaryRefs(here, path)).toHaveProperty('refs/heads/shared', theirs);

    const held = await push([`--force-with-lease=shared:${theirs}`, 'HEAD:refs/heads/shared']);
    expect(held).toContain('(forced update)');
    expect(await seenByAnother()).toHaveProperty('refs/heads/shared', ours);
  });

  it('takes tags and deletions, many at once', async () => {
    await git(['tag', '--annotate', '--message', 'The first', 'v1'], { cwd: work });
    await git(['tag', 'light'], { cwd: work });
    await push(['v1', 'light', 'HEAD:refs/heads/short-lived']);
    const tagged = await seenByAnother();
    expect(tagged).toMatchObject({ 'refs/tags/light': tagged['refs/tags/v1^{}'] });

    const said = await push(['--delete', 'v1', 'refs/heads/short-lived']);
    expect(said.match(/- \[deleted\]/g)).toHaveLength(2);
    const left = await seenByAnother();
    expect(left).not.toHaveProperty('refs/tags/v1');
    expect(left).not.toHaveProperty('refs/heads/short-lived');
  });

  it('is all or nothing with --atomic, and piece by piece without', async () => {
    await protect(['kept']);
    await commit('Half of it is forbidden');
    const before = await primaryRefs(here, path);
    const both = ['HEAD:refs/heads/free', 'HEAD:refs/heads/kept'];

    const atomic = await tryPush(['--atomic', ...both]);
    expect(atomic.code).not.toBe(0);
    expect(await primaryRefs(here, path)).toEqual(before);

    await protect([]);
    await push(['--atomic', ...both]);
    const moved = await seenByAnother();
    expect(moved['refs/heads/free']).toBe(moved['refs/heads/kept']);
  });

  it('comes from a shallow clone as from a whole one', async () => {
    const cwd = scratch.file();
    await git(['clone', '--quiet', '--depth', '1', here.house.url(path), cwd], { as });
    await git(['commit', '--quiet', '--allow-empty', '--message', 'From the shallows'], { cwd });
    await git(['push', '--quiet', 'origin', 'HEAD:refs/heads/shallow'], { cwd, as });
    expect((await seenByAnother())['refs/heads/shallow']).toBe(await git(['rev-parse', 'HEAD'], { cwd }));
  });

  it('carries its options to the primary, and who has sent it', async () => {
    await here.sim.forgetPushes();
    await commit('With options');
    await push(['-o', 'reviewer=rita', '-o', 'skip-ci', 'HEAD:refs/heads/with-options']);
    expect(await here.sim.pushes()).toMatchObject([
      { repository: path, door: 'https', by: as.username, options: ['reviewer=rita', 'skip-ci'] },
    ]);
  });

  it.each(['a hook', 'a rule of the branch'])(
    'that %s rejects ends with the words of the primary',
    async (who) => {
      const words = who === 'a hook' ? 'Not on a Sunday.' : 'Permission denied to update branch main.';
      if (who === 'a hook') await here.sim.rejectPushes(path, words);
      else await protect(['main']);
      await commit('Not on main');
      const before = await primaryRefs(here, path);
      const { code, stderr } = await tryPush(['HEAD:refs/heads/main']);
      await here.sim.rejectPushes(path, null);
      await protect([]);
      expect(code).not.toBe(0);
      expect(stderr.split('\n').map((line) => line.trimEnd())).toContain(`remote: ${words}`);
      expect(stderr).toMatch(/! \[remote rejected\] HEAD -> main \(pre-receive hook declined\)/);
      expect(await primaryRefs(here, path)).toEqual(before);
    },
  );
});

async function protect(protectedBranches: readonly string[]): Promise<void> {
  await here.sim.control('PATCH', `/repositories/${path}`, { protectedBranches });
}

describe('right after a push', () => {
  it('everybody finds it on the mirror, though nothing but the push has told of it', async () => {
    await here.sim.faults({ webhooks: { drop: 'all' } });
    const reader = here.house.credential('reader');
    // Confirmed a moment ago, the mirror would be within its bound with what it had before.
    await lsRemote(here.house.url(path), { as: reader });
    const tip = await commit('Read me');
    await push(['HEAD:refs/heads/main']);

    expect(await lsRemote(here.house.url(path), { as: reader })).toHaveProperty('refs/heads/main', tip);
    const clone = scratch.file();
    await git(['clone', '--quiet', '--mirror', here.house.url(path), clone], { as: reader });
    expect(await localRefs(clone)).toEqual(withoutHead(await primaryRefs(here, path)));
    await git(['fsck', '--strict', '--no-progress'], { cwd: clone });
  });
});

describe('who may not push', () => {
  /** The same words, wherever they come from. */
  const words = ({ stderr }: GitResult, url: string): string =>
    stderr.replaceAll(url, 'URL').replaceAll(new URL(url).origin, 'HOST');

  async function pushBoth(repository: string, who: Role | 'anonymous'): Promise<[string, string]> {
    const before = await primaryRefs(here, repository);
    const said: string[] = [];
    for (const url of [here.house.url(repository), here.house.primaryUrl(repository)]) {
      const result = await tryGit(['push', url, 'HEAD:refs/heads/not-mine'], {
        cwd: work,
        as: who === 'anonymous' ? undefined : here.house.credential(who),
      });
      expect(result.code).not.toBe(0);
      said.push(words(result, url));
    }
    expect(await primaryRefs(here, repository)).toEqual(before);
    return said as [string, string];
  }

  it('a reader hears what the primary itself says', async () => {
    const [ours, theirs] = await pushBoth(path, 'reader');
    expect(ours).toBe(theirs);
    expect(ours).toContain('you do not have access');
  });

  it.each(['stranger', 'anonymous'] as const)(
    'a %s hears what the primary itself says, of the public and of the private',
    async (who) => {
      for (const repository of [path, `${here.house.workspace}/handbook`]) {
        const [ours, theirs] = await pushBoth(repository, who);
        expect(ours).toBe(theirs);
      }
    },
  );

  it('a stranger learns nothing by a push that a fetch would not tell', async () => {
    const asStranger = here.house.credential('stranger');
    const said = await Promise.all(
      ['pushed', 'no-such', 'pipelines'].map(async (slug) => {
        const url = here.house.url(slug);
        return words(await tryGit(['push', url, 'HEAD:refs/heads/x'], { as: asStranger, cwd: work }), url);
      }),
    );
    expect(new Set(said).size).toBe(1);
  });
});

it('leaves the secret of its pusher in no log', async () => {
  const { password } = as;
  const header = Buffer.from(`${as.username}:${password}`).toString('base64');
  await commit('Discreet');
  await push(['HEAD:refs/heads/discreet']);
  for (const service of ['edge', 'auth', 'registry', 'sync', 'bitbucket-sim']) {
    const log = await here.house.log(service);
    expect({ service, tells: log.includes(password) || log.includes(header) }).toEqual({
      service,
      tells: false,
    });
  }
  expect(await here.house.log('edge')).toMatch(/"route":"receive_pack"/);
});

describe('a large push', () => {
  const MOST_GROWTH = 80 * MEBI;

  it('of 200 MB goes through without being held in memory', async () => {
    const tip = await commitNoise(work, { files: 200, bytes: MEBI });
    const edge = await here.house.pid('edge');
    const before = await residentBytes(edge);
    let most = before;
    const watch = setInterval(() => void residentBytes(edge).then((now) => (most = Math.max(most, now))), 50);
    try {
      await git(['push', '--quiet', 'origin', 'HEAD:refs/heads/large'], {
        cwd: work,
        as,
        timeoutMs: 240_000,
        config: WITHOUT_COMPRESSION,
      });
    } finally {
      clearInterval(watch);
    }
    expect(await primaryRefs(here, path)).toHaveProperty('refs/heads/large', tip);
    expect(most - before).toBeLessThan(MOST_GROWTH);
  }, 300_000);
});
