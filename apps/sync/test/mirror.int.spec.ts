import { readdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import { isAntipodeError } from '@antipode/errors';
import { MirrorDisk, MirrorWriter } from '@antipode/mirror-disk';
import {
  git,
  makeHistory,
  openScratch,
  startGitHttpBackend,
  type GitHttpBackend,
  type Scratch,
} from '@antipode/testing';
import { Mirror, type EndedRun } from '../src/mirrors/mirror.js';
import type { LargeFiles } from '../src/lfs/lfs-client.service.js';
import type { MirrorStatus } from '../src/mirrors/mirror-status.js';
import type { RefState } from '../src/mirrors/ref-state.js';
import { RefsClient } from '../src/primary/refs-client.js';

/** Nobody here has large files, so nobody is asked. */
const NO_LFS: LargeFiles = {
  take: () => Promise.reject(new Error('not here')),
  follow: () => {
    throw new Error('not here');
  },
};
const ID = '7c0f8d3e-52a1-4b7e-9d64-0a1b2c3d4e5f';

let scratch: Scratch;
let primary: GitHttpBackend;
let agent: Agent;
let disk: MirrorDisk;
let writer: MirrorWriter;
let told: MirrorStatus[];
let ended: EndedRun[];
/** Runs between the primary's answer and what sync does with it. */
let afterAnswer: (refs: RefState) => Promise<unknown>;

beforeEach(async () => {
  scratch = await openScratch();
  await makeHistory(scratch.file('widget.git'), {
    commits: 200,
    branches: 6,
    tags: 4,
    noise: { bytes: 3000, every: 2 },
  });
  primary = await startGitHttpBackend({ root: scratch.path });
  agent = new Agent();
  disk = new MirrorDisk(scratch.file('repositories'));
  writer = new MirrorWriter(disk);
  told = [];
  ended = [];
  afterAnswer = () => Promise.resolve();
});
afterEach(async () => {
  await agent.destroy();
  await primary[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

function givenMirror(): Mirror {
  const refs = new RefsClient(agent);
  const url = `${primary.url}/widget.git`;
  return new Mirror(ID, {
    writer,
    primary: {
      url: () => url,
      authorization: () => Promise.resolve(undefined),
      ask: async (_, signal) => {
        const answer = await refs.ask({ url, authorization: undefined, signal });
        await afterAnswer(answer);
        return answer;
      },
    },
    observer: { changed: (status) => void told.push(status), ended: (run) => void ended.push(run) },
    lfs: { files: NO_LFS, beforePublishMs: 1000, ended: () => undefined },
    pinSeconds: 60,
    stallMs: { clone: 20_000, sync: 20_000 },
    whenThereIsRoom: (_, work) => work(),
  });
}

const upstream = (args: string[], input = ''): Promise<string> =>
  git(args, { cwd: scratch.file('widget.git'), input });

/** Rewrites a branch on the primary, so that its old tip is gone for good. */
async function rewrite(branch: string): Promise<string> {
  const tree = await upstream(['mktree']);
  const oid = await upstream(['commit-tree', tree, '-m', `${Math.random()}`]);
  await upstream(['update-ref', `refs/heads/${branch}`, oid]);
  await upstream(['-c', 'gc.pruneExpire=now', 'gc', '--quiet', '--prune=now']);
  return oid;
}

async function publishedTip(branch: string): Promise<string | undefined> {
  return (await disk.readSnapshot(ID))?.refs.find(({ name }) => name === `refs/heads/${branch}`)?.oid;
}

const leftovers = async (): Promise<string[]> => readdir(dirname(disk.repositoryPath(ID))).catch(() => []);

describe('a mirror', () => {
  it('tells the steps of a first clone, with growing numbers', async () => {
    await givenMirror().bringUpToDate(Date.now());
    expect(told.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['cloning', 'ready']));
    const steps = new Set(told.map(({ progress }) => progress?.step).filter(Boolean));
    expect(steps).toContain('receiving');
    expect(steps).toContain('publishing');
    const received = told
      .filter(({ progress }) => progress)
      .map(({ progress }) => progress?.receivedBytes ?? 0);
    expect(received).toEqual([...received].sort((a, b) => a - b));
    expect(told.at(-1)).toMatchObject({ phase: 'ready', epoch: 1 });
    expect(told.at(-1)?.progress).toBeUndefined();
  });

  it.each([1, 2])(
    'publishes one moment of the primary, though it is rewritten %i times between question and fetch',
    async (times) => {
      const mirror = givenMirror();
      await mirror.bringUpToDate(Date.now());
      await rewrite('topic-1');
      let newest = '';
      let asked: RefState | undefined;
      let left = times;
      afterAnswer = async (refs) => {
        asked = refs;
        if (left > 0) newest = await rewrite('topic-1');
        left -= 1;
      };
      const outcome = await mirror.bringUpToDate(Date.now());
      expect(outcome).toMatchObject({ kind: 'updated', epoch: 2 });
      expect(await publishedTip('topic-1')).toBe(newest);
      const { epoch: _, ...published } = { ...(await disk.readSnapshot(ID)) };
      expect(published).toEqual(asked);
      await git(['fsck', '--connectivity-only'], { cwd: disk.repositoryPath(ID) });
    },
  );

  it('clones through a rewrite, too', async () => {
    await rewrite('topic-2');
    let newest = '';
    afterAnswer = async () => {
      if (!newest) newest = await rewrite('topic-2');
    };
    await givenMirror().bringUpToDate(Date.now());
    expect(await publishedTip('topic-2')).toBe(newest);
  });

  it('leaves nothing behind when the primary goes away during a first clone, and keeps what it had during an increment', async () => {
    const away = givenMirror();
    afterAnswer = async () => {
      await primary[Symbol.asyncDispose]();
    };
    await expect(away.bringUpToDate(Date.now())).rejects.toMatchObject({ code: 'primary_unavailable' });
    expect(await leftovers()).toEqual([]);
    expect(away.status).toMatchObject({ phase: 'failing', error: { code: 'primary_unavailable' } });
    primary = await startGitHttpBackend({ root: scratch.path });
    afterAnswer = () => Promise.resolve();
    const mirror = givenMirror();
    await mirror.bringUpToDate(Date.now());
    await rewrite('topic-1');
    afterAnswer = async () => {
      await primary[Symbol.asyncDispose]();
    };
    await expect(mirror.bringUpToDate(Date.now())).rejects.toMatchObject({ code: 'primary_unavailable' });
    expect(await disk.readSnapshot(ID)).toMatchObject({ epoch: 1 });
    expect(mirror.status).toMatchObject({ phase: 'failing', epoch: 1 });
    primary = await startGitHttpBackend({ root: scratch.path });
  });

  it('ends a first clone that nobody wants any more', async () => {
    const mirror = givenMirror();
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    afterAnswer = () => Promise.resolve(resolve());
    const clone = mirror.bringUpToDate(Date.now());
    await reached;
    const outcome = expect(clone).rejects.toMatchObject({ code: 'cancelled' });
    await mirror.end();
    await outcome;
    expect(await leftovers()).toEqual([]);
    await expect(mirror.bringUpToDate(Date.now())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('sweeps what a killed git left in its way', async () => {
    const mirror = givenMirror();
    await mirror.bringUpToDate(Date.now());
    await rewrite('topic-1');
    await upstream(['update-ref', '-d', 'refs/heads/topic-2']);
    await writeFile(`${disk.repositoryPath(ID)}/packed-refs.lock`, '');
    // The lock's owner might be alive: git waits for it, and only then the run fails.
    await mirror.bringUpToDate(Date.now()).catch(() => undefined);
    await mirror.bringUpToDate(Date.now());
    expect(mirror.status).toMatchObject({ phase: 'ready', epoch: 2 });
    expect(ended.map(({ result }) => (isAntipodeError(result) ? result.code : result.kind))).toEqual([
      'cloned',
      'mirror_damaged',
      'updated',
    ]);
  }, 120_000);

  it('knows after a restart what it had', async () => {
    const first = givenMirror();
    await first.bringUpToDate(Date.now());
    const second = givenMirror();
    await second.load();
    expect(second.status).toEqual(first.status);
    expect(ended.filter(({ result }) => isAntipodeError(result))).toEqual([]);
  });
});
