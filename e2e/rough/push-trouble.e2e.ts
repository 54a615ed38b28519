import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  eventually,
  git,
  openScratch,
  tryGit,
  type GitCredential,
  type GitResult,
  type Scratch,
  type SimFaults,
} from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { commitNoise, WITHOUT_COMPRESSION } from '../src/noise.js';
import { holdingPushes, type HeldPush, type HookName } from '../src/primary-hook.js';
import { primaryRefs, untilEqual } from '../src/same-as-primary.js';

const MEBI = 1024 * 1024;
/** Takes long enough on its way for somebody to be killed meanwhile. */
const LARGE = 24 * MEBI;

let here: Neighbourhood;
let scratch: Scratch;
let as: GitCredential;
let path: string;
/** Of the repository at the primary. */
let folder: string;
let work: string;
let tip: string;
let branch: string;

beforeAll(async () => {
  here = await sharedHouse('rough');
  scratch = await openScratch();
  as = here.house.credential('writer');
  path = `${here.house.workspace}/pushed-in-trouble`;
  work = scratch.file('work');
  await here.sim.create(path, 'WEB');
  await here.sim.commit(path, { branch: 'main', files: { 'a.txt': 'a' } });
  const { repositories } = await here.sim.state();
  const made = repositories.find(({ fullName }) => fullName === path);
  folder = `${made?.uuid.slice(1, -1)}.git`;
  await here.mirror.untilSynced(path);
  await untilEqual(here, path, 30_000);
  await git(['clone', '--quiet', here.house.url(path), work], { as });
}, 240_000);

/** Each push is of something that the primary has never seen. */
beforeEach(async () => {
  await git(['commit', '--quiet', '--allow-empty', '--message', `At ${Date.now()}`], { cwd: work });
  tip = await git(['rev-parse', 'HEAD'], { cwd: work });
  branch = `refs/heads/pushed-${Date.now()}`;
});

afterEach(() => here.sim.heal());

afterAll(async () => {
  await here.sim.remove(path);
  await scratch[Symbol.asyncDispose]();
});

const push = (config: typeof WITHOUT_COMPRESSION = []): Promise<GitResult> =>
  tryGit(['push', 'origin', `HEAD:${branch}`], { cwd: work, as, config });

/** Whether the primary has what was pushed. */
const hasArrived = async (): Promise<boolean> =>
  eventually(async () => ({ has: (await primaryRefs(here, path))[branch] === tip }), {
    timeoutMs: 20_000,
  }).then(({ has }) => has);

/** The promise: whoever was told of success has pushed. */
async function expectHonest({ code }: GitResult): Promise<void> {
  if (code === 0) expect(await hasArrived()).toBe(true);
}

const UNKNOWN = /UNKNOWN whether it arrived/;

/** Holds the push in this hook of the primary, kills somebody, and lets the hook go on. */
async function pushWhileKilling(part: string, hook: HookName): Promise<GitResult> {
  return holdingPushes(here, hook, scratch.file(), async (held: HeldPush) => {
    const pushing = push();
    await held.untilReached();
    const pid = await here.house.kill(part);
    await held.release();
    const result = await pushing;
    await here.house.untilBack(part, pid);
    return result;
  });
}

describe('when the edge is killed in the middle of a push', () => {
  it.each(['pre-receive', 'post-receive'] as const)(
    'tells nobody of success, while the primary is in %s',
    async (hook) => {
      const result = await pushWhileKilling('edge', hook);
      expect(result.code).not.toBe(0);
      expect(result.stderr).not.toMatch(/\[new branch\]/);
      if (hook === 'post-receive') expect(await hasArrived()).toBe(true);
    },
  );

  it('leaves the primary as it was, where the pack was still on its way', async () => {
    const before = await primaryRefs(here, path);
    const result = await pushLargeAndKill('edge');
    expect(result.code).not.toBe(0);
    expect(await primaryRefs(here, path)).toEqual(before);
  });
});

describe('when the sync worker is killed in the middle of a push', () => {
  it('the push goes through, because the primary has it', async () => {
    const result = await pushWhileKilling('sync', 'post-receive');
    expect(result).toMatchObject({ code: 0 });
    expect(await hasArrived()).toBe(true);
  });
});

describe('when the primary is killed in the middle of a push', () => {
  it('tells nobody of success, and says that it is unknown, while its refs have not moved', async () => {
    const result = await pushWhileKilling('bitbucket-sim', 'pre-receive');
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(UNKNOWN);
  });

  it('says that it is unknown, when its refs have moved', async () => {
    const result = await pushWhileKilling('bitbucket-sim', 'post-receive');
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(UNKNOWN);
    expect(await hasArrived()).toBe(true);
  });

  it('tells nobody of success where the pack was still on its way', async () => {
    const result = await pushLargeAndKill('bitbucket-sim');
    expect(result.code).not.toBe(0);
    expect(await hasArrived()).toBe(false);
  });
});

describe('when the answer of the primary breaks off', () => {
  it.each([0, 20, 60])('after %i bytes, what was told is true', async (afterBytes) => {
    const faults: SimFaults = {
      truncate: [{ class: 'git', path, operation: 'receive-pack', method: 'POST', afterBytes }],
    };
    const result = await here.sim.withFaults(faults, () => push());
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(UNKNOWN);
    expect(await hasArrived()).toBe(true);
  });
});

describe('when the primary answers with an error', () => {
  it.each([429, 500, 503])('(%i), nothing was pushed, and nobody is told otherwise', async (status) => {
    const fail: SimFaults = { fail: [{ class: 'git', path, operation: 'receive-pack', status }] };
    const result = await here.sim.withFaults(fail, () => push());
    expect(result.code).not.toBe(0);
    expect(await hasArrived()).toBe(false);
  });

  it.each(['destroy', 'unavailable'] as const)('and when it is down (%s)', async (down) => {
    const result = await here.sim.withFaults({ down }, () => push());
    expect(result.code).not.toBe(0);
    await expectHonest(result);
    expect(await hasArrived()).toBe(false);
  });
});

it('whatever happened, mirror and primary agree in the end, and the next push works', async () => {
  await untilEqual(here, path, 40_000);
  expect(await push()).toMatchObject({ code: 0 });
  expect(await untilEqual(here, path)).toHaveProperty([branch], tip);
});

/** Kills somebody while the primary unpacks what comes. */
async function pushLargeAndKill(part: string): Promise<GitResult> {
  await git(['checkout', '--quiet', '--detach', 'origin/main'], { cwd: work });
  tip = await commitNoise(work, { files: 1, bytes: LARGE });
  const before = await quarantines();
  const pushing = push(WITHOUT_COMPRESSION);
  await eventually(async () => (await quarantines()).some((name) => !before.includes(name)), {
    timeoutMs: 40_000,
    everyMs: 2,
  });
  const pid = await here.house.kill(part);
  const result = await pushing;
  await here.house.untilBack(part, pid);
  await git(['checkout', '--quiet', '--detach', 'origin/main'], { cwd: work });
  return result;
}

/** receive-pack keeps what comes in a folder of its own until all is there (githooks(5), pre-receive). */
async function quarantines(): Promise<string[]> {
  const objects = join(here.house.data, `bitbucket-sim/repositories/${folder}/objects`);
  return (await readdir(objects)).filter((name) => name.startsWith('tmp_objdir-incoming'));
}
