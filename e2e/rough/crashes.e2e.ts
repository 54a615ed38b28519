import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  git,
  makeHistory,
  openScratch,
  runCommand,
  tryGit,
  type GitCredential,
} from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { cloneAndCompare, untilEqual } from '../src/same-as-primary.js';
import { SshPerson } from '../src/ssh-person.js';

let here: Neighbourhood;
let as: GitCredential;
let path: string;

beforeAll(async () => {
  here = await sharedHouse('rough');
  as = here.house.credential('reader');
  path = `${here.house.workspace}/storefront`;
  await untilEqual(here, path);
}, 240_000);

/** What the mirror is known by, to be compared with what is left of it. */
const known = async (): Promise<unknown> => ({
  selection: await here.mirror.selection(),
  ids: (await here.mirror.repositories()).map(({ id }) => id),
});

/** Everything that was there is there again, and what was pushed meanwhile arrives. */
async function expectUnharmed(before: unknown): Promise<void> {
  await untilEqual(here, path, 40_000);
  expect(await eventually(known, { timeoutMs: 20_000 })).toEqual(before);
  await using scratch = await openScratch();
  await cloneAndCompare(here, path, { to: scratch.file('clone') });
}

describe.each(['registry', 'lfs', 'redis', 'postgres', 'sync'])('while %s is dead', (part) => {
  it('clones, with the newest that the primary has, and has everything when it is back', async () => {
    await using scratch = await openScratch();
    const before = await known();
    await here.house.whileDead(part, async () => {
      const pushed = await here.sim.commit(path, { files: { [`without-${part}`]: `${Date.now()}` } });
      // A credential that nobody has a verdict of, so that all the way is walked.
      for (const who of [here.house.credential('owner'), as]) {
        await eventually(
          async () => {
            const to = scratch.file(`${who.username}-${Date.now()}`);
            await git(['clone', '--quiet', here.house.url(path), to], { as: who });
            return (await git(['rev-parse', 'HEAD'], { cwd: to })) === pushed;
          },
          { timeoutMs: 12_000, everyMs: 200 },
        );
      }
      expect(
        (await tryGit(['ls-remote', here.house.url(path)], { as: here.house.credential('stranger') })).code,
      ).not.toBe(0);
    });
    await expectUnharmed(before);
  });
});

describe('when the primary is killed', () => {
  it('comes back with everything it had', async () => {
    const before = await known();
    await here.house.crash('bitbucket-sim');
    await expectUnharmed(before);
  });
});

describe('when the door and auth are killed', () => {
  it('they come back with everything, and people come in over SSH by the same host keys, asked nothing', async () => {
    await using scratch = await openScratch();
    await using walter = await SshPerson.linked(here, 'writer', scratch);
    await walter.untilIn();
    const { hostname, port } = new URL(here.house.demo.mirror.ssh);
    const { output } = await runCommand('ssh-keyscan', ['-p', port, hostname]);
    const knownHosts = scratch.file('known_hosts');
    await writeFile(knownHosts, output);
    const list = (): Promise<string> =>
      walter.git(['ls-remote', here.house.sshUrl('storefront')], {}, { knownHosts });

    for (const [part, during] of [
      ['edge', () => Promise.resolve()],
      ['auth', expectNobodyUnknown],
    ] as const) {
      const [before, listed] = await Promise.all([known(), list()]);
      await here.house.whileDead(part, during);
      // The first that gets in at all must have been asked for nothing, and must not have to wait for a reading of keys.
      expect(await eventually(list, { timeoutMs: 15_000, everyMs: 200 })).toBe(listed);
      await here.sim.commit(path, { files: { [`after-${part}`]: 'killed' } });
      await expectUnharmed(before);
    }
  });

  async function expectNobodyUnknown(): Promise<void> {
    const unknown = { username: here.house.user('owner').username, password: 'a-token-nobody-has-seen' };
    const { code, stderr, stdout } = await tryGit(['ls-remote', here.house.url(path)], { as: unknown });
    expect({ failed: code !== 0, stdout }).toEqual({ failed: true, stdout: '' });
    expect(stderr).toMatch(/50[0-9]|unavailable|try again/i);
  }
});

describe('a first clone that is killed', () => {
  it('is never served by half, and begins again by itself', async () => {
    await using scratch = await openScratch();
    await makeHistory(scratch.file('made'), {
      commits: 200,
      branches: 40,
      tags: 10,
      noise: { bytes: 400_000, every: 4 },
    });
    const big = `${here.house.workspace}/killed-in-its-first-clone`;
    // Outside the selection until everything is there: an empty repository would be cloned in no time.
    await here.sim.create(big, 'DATA');
    const owner = here.house.credential('owner');
    await git(['push', '--quiet', '--mirror', here.house.primaryUrl(big)], {
      cwd: scratch.file('made'),
      as: owner,
      timeoutMs: 120_000,
    });
    await here.sim.change(big, { project: { key: 'WEB' } });

    const staging = await eventually(() => findStaging(here.house.data), { timeoutMs: 40_000, everyMs: 5 });
    const pid = await here.house.kill('sync');
    expect(existsSync(staging)).toBe(true);
    await cloneAndCompare(here, big, { to: scratch.file('during') });
    await here.house.untilBack('sync', pid);

    await here.mirror.untilSynced(big, 60_000);
    await cloneAndCompare(here, big, { to: scratch.file('after') });
    expect(await findStaging(here.house.data)).toBeUndefined();
  });
});

/** The folder of a first clone under way. */
async function findStaging(data: string): Promise<string | undefined> {
  const root = join(data, 'repositories');
  for (const shard of await readdir(root).catch(() => [])) {
    const names = await readdir(join(root, shard)).catch(() => []);
    const found = names.find((name) => name.includes('.staging'));
    if (found) return join(root, shard, found);
  }
  return undefined;
}
