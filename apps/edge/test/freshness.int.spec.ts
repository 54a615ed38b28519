import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { git, lsRemote, tryGit } from '@antipode/testing';
import { GivenEdge, READER, type GivenEdgeOptions } from './given-edge.js';

let edge: GivenEdge;
let id: string;

const given = async (settings: NonNullable<GivenEdgeOptions['settings']> = {}): Promise<void> => {
  edge = await GivenEdge.open({ settings: { ...settings } });
  id = await edge.add();
};
const end = (): Promise<void> => edge[Symbol.asyncDispose]();

const as = READER;
const head = async (protocol: 0 | 2 = 2): Promise<string | undefined> =>
  (await lsRemote(edge.repositoryUrl(), { as, protocol }))['refs/heads/main'];
const gone = async (): Promise<void> => {
  await edge.primary[Symbol.asyncDispose]();
  edge.neighbours.failing.ensureFresh = new AntipodeError('primary_unavailable', 'failing on request');
};

describe('one edge', () => {
  beforeAll(() => given());
  beforeEach(async () => {
    delete edge.neighbours.failing.ensureFresh;
    await edge.mirrors.sync(id);
    edge.neighbours.asked.ensureFresh = 0;
  });
  afterAll(end);

  describe('bounded freshness', () => {
    it.each([0, 2] as const)(
      'serves a confirmed epoch without asking, and a fresh one once it is too old (v%i)',
      async (protocol) => {
        const before = await head(protocol);
        const pushed = await edge.mirrors.commit();
        expect(await head(protocol)).toBe(before);
        expect(edge.neighbours.asked.ensureFresh).toBe(0);
        await edge.mirrors.age(id, 6000);
        expect(await head(protocol)).toBe(pushed);
        expect(edge.neighbours.asked.ensureFresh).toBe(1);
      },
    );

    it('asks sync once for many readers at the same moment', async () => {
      await edge.mirrors.age(id, 6000);
      await Promise.all(Array.from({ length: 6 }, () => head()));
      expect(edge.neighbours.asked.ensureFresh).toBeLessThanOrEqual(2);
    });

    it('passes through to the primary where sync is not quick enough', async () => {
      const pushed = await edge.mirrors.commit();
      await edge.mirrors.age(id, 6000);
      edge.neighbours.failing.ensureFresh = new AntipodeError('timed_out', 'failing on request');
      expect(await head()).toBe(pushed);
      expect(edge.logs.at(-1)).toMatchObject({ source: 'passthrough', passed_because: 'stale_timed_out' });
      expect(await head(0)).toBe(pushed);
      const target = `${edge.folder}/through`;
      await git(['clone', '--quiet', '--filter=blob:none', edge.repositoryUrl(), target], { as });
      expect(await git(['rev-parse', 'HEAD'], { cwd: target })).toBe(pushed);
    });

    it('asks the primary for every session of a repository whose own policy is strict', async () => {
      await edge.mirrors.add('acme/strict', { freshness: 'strict' });
      const pushed = await edge.mirrors.commit('acme/strict');
      const refs = await lsRemote(edge.repositoryUrl('acme/strict'), { as });
      expect(refs['refs/heads/main']).toBe(pushed);
    });
  });

  describe('a session over two epochs', () => {
    it.each([0, 2] as const)('never meets "not our ref" after a force-push (v%i)', async (protocol) => {
      const work = `${edge.folder}/old-${protocol}`;
      const old = await edge.mirrors.commit('acme/widget', 'topic-1');
      await edge.mirrors.sync(id);
      await git(['update-ref', '-d', 'refs/heads/topic-1'], { cwd: edge.mirrors.origin() });
      await edge.mirrors.sync(id);
      // A client that has read the older advertisement wants what it named.
      await git(['init', '--quiet', work]);
      await git(['fetch', '--quiet', edge.repositoryUrl(), old], {
        cwd: work,
        as,
        protocol,
        config: [['fetch.unpackLimit', '1']],
      });
      expect(await git(['rev-parse', 'FETCH_HEAD'], { cwd: work })).toBe(old);
      expect(edge.logs.at(-1)).toMatchObject({ source: 'git' });
    });
  });

  describe('a want that is not here', () => {
    it('is here after a sync', async () => {
      const pushed = await edge.mirrors.commit();
      const work = `${edge.folder}/eager`;
      await git(['init', '--quiet', work]);
      await git(['fetch', '--quiet', edge.repositoryUrl(), pushed], { cwd: work, as });
      expect(edge.neighbours.asked.ensureFresh).toBe(1);
      expect(edge.logs.at(-1)).toMatchObject({ source: 'git' });
    });

    it('comes from the primary where a sync does not bring it', async () => {
      await git(['config', 'uploadpack.allowAnySHA1InWant', 'true'], { cwd: edge.mirrors.origin() });
      const pushed = await edge.mirrors.commit('acme/widget', 'shy');
      await git(['update-ref', '-d', 'refs/heads/shy'], { cwd: edge.mirrors.origin() });
      const work = `${edge.folder}/lucky`;
      await git(['init', '--quiet', work]);
      await git(['fetch', '--quiet', edge.repositoryUrl(), pushed], { cwd: work, as });
      expect(edge.logs.at(-1)).toMatchObject({ source: 'passthrough', passed_because: 'missing_objects' });
      await git(['config', '--unset', 'uploadpack.allowAnySHA1InWant'], { cwd: edge.mirrors.origin() });
    });

    it('is refused in the primary’s words where nobody has it', async () => {
      const work = `${edge.folder}/unlucky`;
      await git(['init', '--quiet', work]);
      const { stderr, code } = await tryGit(['fetch', edge.repositoryUrl(), '1'.repeat(40)], {
        cwd: work,
        as,
      });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/not our ref/);
    });
  });
});

describe('the policy "event"', () => {
  afterEach(end);

  it('trusts events, but not for ever', async () => {
    await given({ FRESHNESS: 'event', EVENT_MAX_AGE_SECONDS: '60' });
    await edge.mirrors.age(id, 30_000);
    await head();
    expect(edge.neighbours.asked.ensureFresh).toBe(0);
    await edge.mirrors.age(id, 61_000);
    await head();
    expect(edge.neighbours.asked.ensureFresh).toBe(1);
  });
});

describe('with the primary unreachable', () => {
  afterEach(end);

  it('refuses with a sentence, in whatever state the conversation is', async () => {
    await given();
    await head();
    await gone();
    await edge.mirrors.age(id, 6000);
    const v0 = await tryGit(['ls-remote', edge.repositoryUrl()], { as, protocol: 0 });
    expect(v0.stderr).toMatch(/remote: .*cannot be reached/);
    const v2 = await tryGit(['ls-remote', edge.repositoryUrl()], { as, protocol: 2 });
    expect(v2.stderr).toMatch(/remote error: .*cannot be reached/);
    expect(v0.code).toBe(128);
    expect(v2.code).toBe(128);
  });

  it('serves a recent epoch where the policy says so, and says that it does', async () => {
    await given({ OUTAGE_POLICY: 'serve:600' });
    const before = await head();
    await gone();
    await edge.mirrors.age(id, 300_000);
    expect(await head()).toBe(before);
    expect(await head(0)).toBe(before);
    const { code, stderr } = await tryGit(
      ['clone', '--progress', edge.repositoryUrl(), `${edge.folder}/outage`],
      { as },
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/remote: antipode local: in sync with \S+ as of 5 min ago/);
    await edge.mirrors.age(id, 601_000);
    expect((await tryGit(['ls-remote', edge.repositoryUrl()], { as })).code).toBe(128);
  });
});
