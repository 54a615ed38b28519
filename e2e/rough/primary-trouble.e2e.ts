import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  git,
  localRefs,
  makeHistory,
  openScratch,
  tryGit,
  withoutHead,
  type GitCredential,
} from '@antipode/testing';
import { sharedHouse, VERDICT_MS, type Neighbourhood } from '../src/neighbourhood.js';
import { cloneAndCompare, primaryRefs, untilEqual } from '../src/same-as-primary.js';

const BOUND_MS = 5000;

let here: Neighbourhood;
let as: GitCredential;
let path: string;

beforeAll(async () => {
  here = await sharedHouse('rough');
  as = here.house.credential('reader');
  path = `${here.house.workspace}/storefront`;
  await untilEqual(here, path);
}, 240_000);

afterEach(async () => {
  await here.sim.heal();
  await untilEqual(here, path, 30_000);
});

describe.each(['destroy', 'unavailable'] as const)('when the primary is down (%s)', (down) => {
  it('refuses with a sentence rather than serve what may be old, and recovers by itself', async () => {
    const { stderr, stdout } = await here.sim.withFaults({ down }, async () =>
      eventually(
        async () => {
          const result = await tryGit(['ls-remote', here.house.url(path)], { as });
          return result.code === 0 ? undefined : result;
        },
        { timeoutMs: Math.max(VERDICT_MS, BOUND_MS) + 15_000, everyMs: 250 },
      ),
    );
    expect(stdout).toBe('');
    // git prints the body of an HTTP error as "remote: …": a person must learn whose fault it is.
    expect(stderr).toMatch(/^(remote|fatal: remote error|error): .*(primary|127\.0\.0\.1|bitbucket)/im);
    expect(stderr).toMatch(/unavailable|cannot be reached|could not be (asked|reached)|not answer/i);
    expect(stderr).not.toMatch(/Authentication failed|not found/i);

    await eventually(() => git(['ls-remote', here.house.url(path)], { as }), {
      timeoutMs: 15_000,
      everyMs: 250,
    });
  });

  it('lets nobody in whom it has never met', async () => {
    await here.sim.withFaults({ down }, async () => {
      const thief = { username: here.house.user('owner').username, password: `guess-${down}` };
      const { code, stdout } = await tryGit(['ls-remote', here.house.url(path)], { as: thief });
      expect({ failed: code !== 0, stdout }).toEqual({ failed: true, stdout: '' });
    });
  });
});

describe('when the primary is slow', () => {
  it('is slower too, but right', async () => {
    await here.sim.withFaults({ latencyMs: { git: 2500 } }, async () => {
      const pushed = await here.sim.commit(path, { files: { 'slow.txt': `${Date.now()}` } });
      await sleep(BOUND_MS);
      const refs = await git(['ls-remote', here.house.url(path), 'refs/heads/main'], { as });
      expect(refs).toContain(pushed);
    });
  });
});

describe('when answers of the primary break off', () => {
  it.each([0, 200, 5000, 100_000])(
    'never ends a clone well with less than everything: after %i bytes',
    async (afterBytes) => {
      await using scratch = await openScratch();
      const fresh = await freshRepository(`truncated-${afterBytes}`, scratch.file('made'));
      const { code } = await here.sim.withFaults(
        { truncate: [{ class: 'git', path: fresh, operation: 'upload-pack', afterBytes }] },
        () =>
          tryGit(['clone', '--quiet', '--mirror', here.house.url(fresh), scratch.file('broken')], {
            as: here.house.credential('owner'),
          }),
      );
      if (code === 0) {
        await git(['fsck', '--strict', '--no-progress'], { cwd: scratch.file('broken') });
        expect(await localRefs(scratch.file('broken'))).toEqual(withoutHead(await primaryRefs(here, fresh)));
      }
      await untilEqual(here, fresh, 30_000);
      await here.mirror.untilSynced(fresh, 60_000);
      await cloneAndCompare(here, fresh, { to: scratch.file('healed') });
    },
  );

  it.each([429, 500, 503])('keeps what it has when the primary answers %i to everything', async (status) => {
    const before = await here.mirror.repositories();
    await here.sim.withFaults({ fail: [{ status, class: 'rest' }] }, async () => {
      await untilRefused(status);
      await git(['ls-remote', here.house.url(path)], { as });
    });
    expect((await here.mirror.repositories()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });

  it('deletes nothing because the connection lost its rights', async () => {
    const before = await here.mirror.repositories();
    for (const status of [401, 403, 404]) {
      await here.sim.withFaults({ fail: [{ status, class: 'rest' }] }, async () => {
        await untilRefused(status);
      });
    }
    expect((await here.mirror.repositories()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    await git(['ls-remote', here.house.url(path)], { as });
  });
});

/** Waits until a sweep of the mirror has met the fault. */
async function untilRefused(status: number): Promise<void> {
  await here.sim.resetCounters();
  const met = async (): Promise<boolean> => {
    const { rest } = await here.sim.counters();
    return (rest.statuses[String(status)] ?? 0) > 0;
  };
  await eventually(met, { timeoutMs: 60_000, everyMs: 100 });
}

/** A repository that the primary has just got, some hundred kilobytes large. */
async function freshRepository(slug: string, made: string): Promise<string> {
  const fresh = `${here.house.workspace}/${slug}`;
  await makeHistory(made, { commits: 60, branches: 5, tags: 3, noise: { bytes: 20_000, every: 5 } });
  await here.sim.create(fresh, 'WEB');
  await git(['push', '--quiet', '--mirror', here.house.primaryUrl(fresh)], {
    cwd: made,
    as: here.house.credential('owner'),
  });
  return fresh;
}
