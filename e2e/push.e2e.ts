import { beforeAll, expect, it } from '@jest/globals';
import { git, openScratch, tryGit } from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from './src/neighbourhood.js';
import { primaryRefs } from './src/same-as-primary.js';

let here: Neighbourhood;

beforeAll(async () => {
  here = await sharedHouse('calm');
}, 240_000);

it('answers a push with the line that makes the next one work, and hands nothing on', async () => {
  await using scratch = await openScratch();
  const path = `${here.house.workspace}/design-system`;
  const as = here.house.credential('writer');
  const cwd = scratch.file('work');
  await git(['clone', '--quiet', here.house.url(path), cwd], { as });
  await git(['commit', '--quiet', '--allow-empty', '--message', 'Never mind'], { cwd });
  const before = await primaryRefs(here, path);
  await here.sim.resetCounters();

  const { code, stderr } = await tryGit(['push', 'origin', 'HEAD:refs/heads/pushed'], { cwd, as });

  expect(code).not.toBe(0);
  const line = /git remote set-url --push (\S+) (\S+)/.exec(stderr);
  expect(line).not.toBeNull();
  expect(await primaryRefs(here, path)).toEqual(before);
  expect((await here.sim.counters()).git.operations['receive-pack'].requests).toBe(0);

  // The line does what it promises, typed as it was printed.
  const [, remote = '', target = ''] = line ?? [];
  await git(['remote', 'set-url', '--push', remote, target], { cwd });
  await git(['push', '--quiet', 'origin', 'HEAD:refs/heads/pushed'], { cwd, as });
  expect(await primaryRefs(here, path)).toHaveProperty('refs/heads/pushed');
});

it('does not tell a stranger by a push what a fetch would not tell', async () => {
  const as = here.house.credential('stranger');
  await using scratch = await openScratch();
  await git(['init', '--quiet', scratch.file('work')]);
  const push = async (slug: string): Promise<string> => {
    const { stderr } = await tryGit(['push', here.house.url(slug), 'HEAD:refs/heads/x'], {
      as,
      cwd: scratch.file('work'),
    });
    return stderr.replaceAll(slug, '…');
  };
  await git(['commit', '--quiet', '--allow-empty', '--message', 'One'], { cwd: scratch.file('work') });
  expect(await push('design-system')).toBe(await push('no-such-system'));
});
