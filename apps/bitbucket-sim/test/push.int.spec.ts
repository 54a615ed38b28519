import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { git, openScratch, tryGit, type Scratch } from '@antipode/testing';
import { HookReceiver } from './hook-receiver.js';
import { SimUnderTest } from './open-sim.js';

describe('a push', () => {
  let sim: SimUnderTest;
  let hooks: HookReceiver;
  let scratch: Scratch;
  const work = () => ({ cwd: scratch.file('work'), as: sim.git('walter') });
  const push = (...args: string[]) => git(['push', '--quiet', 'origin', ...args], work());
  const commit = (message: string) => git(['commit', '--quiet', '--allow-empty', '-m', message], work());
  const tip = (revision = 'HEAD') => git(['rev-parse', revision], work());

  beforeAll(async () => {
    sim = await SimUnderTest.open();
    hooks = await HookReceiver.open();
    scratch = await openScratch();
    await sim.rest('POST', '/repositories/acme/storefront/hooks', {
      as: 'olivia',
      body: { url: hooks.url, events: ['repo:push'] },
    });
    await git(['clone', '--quiet', sim.repository('acme/storefront'), scratch.file('work')], {
      as: sim.git('walter'),
    });
  });
  afterAll(async () => {
    await sim[Symbol.asyncDispose]();
    await hooks[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });
  beforeEach(() => void (hooks.received.length = 0));

  /** The changes of the one payload that arrived. */
  const changes = async () => {
    await sim.control('GET', '/deliveries?settle');
    expect(hooks.received).toHaveLength(1);
    return hooks.received[0]?.payload.push.changes;
  };

  it('moves updated_on before git hears that it is done', async () => {
    const before = (await sim.get('/repositories/acme/storefront', 'walter')).json;
    await commit('one');
    await push('main');
    const after = (await sim.get('/repositories/acme/storefront', 'walter')).json;

    expect(after.updated_on > before.updated_on).toBe(true);
    expect(after.size).toBeGreaterThan(before.size);
  });

  it('tells of a fast-forward', async () => {
    const before = await tip();
    await commit('a');
    await commit('b');
    await push('main');
    const [change] = await changes();

    expect(change).toMatchObject({ created: false, closed: false, forced: false, truncated: false });
    expect(change.old).toMatchObject({ type: 'branch', name: 'main', target: { hash: before } });
    expect(change.new).toMatchObject({
      type: 'branch',
      name: 'main',
      target: { type: 'commit', hash: await tip(), message: 'b\n' },
    });
    expect(change.commits.map((one: { message: string }) => one.message)).toEqual(['b\n', 'a\n']);
    expect(Object.keys(change.links).sort()).toEqual(['commits', 'diff', 'html']);
    expect(hooks.received[0]?.payload).toMatchObject({
      actor: { type: 'user', nickname: 'walter' },
      repository: {
        full_name: 'acme/storefront',
        is_private: true,
        project: { key: 'WEB' },
        workspace: { slug: 'acme' },
      },
    });
    expect(hooks.received[0]?.payload.actor).not.toHaveProperty('username');
  });

  it('tells of a new branch, with five commits and truncated', async () => {
    await push('main:refs/heads/topic');
    const [change] = await changes();

    expect(change).toMatchObject({ old: null, created: true, forced: false, closed: false, truncated: true });
    expect(change.new.name).toBe('topic');
    expect(change.commits).toHaveLength(5);
    expect(Object.keys(change.links).sort()).toEqual(['commits', 'html']);
  });

  it('tells of a forced update', async () => {
    await git(['reset', '--quiet', '--hard', 'HEAD~2'], work());
    await commit('instead');
    await push('--force', 'HEAD:topic');
    const [change] = await changes();

    expect(change).toMatchObject({ created: false, closed: false, forced: true });
    expect(Object.keys(change.links).sort()).toEqual(['commits', 'html']);
  });

  it('tells of a deleted branch without links and commits', async () => {
    await push(':topic');
    const [change] = await changes();

    expect(change).toMatchObject({ new: null, created: false, closed: true, forced: false });
    expect(change.old.name).toBe('topic');
    expect(change).not.toHaveProperty('links');
    expect(change).not.toHaveProperty('commits');
  });

  it('tells of tags, annotated or not, in one payload with all refs of the push', async () => {
    await git(['tag', '-a', 'heavy', '-m', 'Heavy'], work());
    await git(['tag', 'light'], work());
    await push('heavy', 'light');
    const told = await changes();
    const heavy = told.find((one: { new: { name: string } }) => one.new.name === 'heavy');
    const light = told.find((one: { new: { name: string } }) => one.new.name === 'light');

    expect(told).toHaveLength(2);
    expect(heavy).toMatchObject({
      old: null,
      created: true,
      new: { type: 'tag', message: 'Heavy\n', target: { hash: await tip() } },
    });
    expect(light.new).toMatchObject({ type: 'tag', message: null, date: null, tagger: {} });
    expect(Object.keys(heavy.links)).toEqual(['commits']);
    expect(heavy).not.toHaveProperty('commits');
  });

  it('tells of a deleted tag', async () => {
    await push(':light');
    const [change] = await changes();

    expect(change).toMatchObject({ new: null, closed: true, old: { type: 'tag', name: 'light' } });
    expect(change).not.toHaveProperty('links');
  });

  it('drops a payload over the limit without a word', async () => {
    await git(['commit', '--quiet', '--allow-empty', '-F', '-'], { ...work(), input: 'x'.repeat(200_000) });
    await push('HEAD:big');
    const { deliveries } = await sim.control('GET', '/deliveries?settle');

    expect(hooks.received).toHaveLength(0);
    expect(deliveries.at(-1)).toMatchObject({ state: 'too-large', attempts: [] });
  });

  it('is refused for a file over the size limit', async () => {
    await sim.control('PATCH', '/settings', { fileSizeLimitBytes: 1000 });
    await git(['checkout', '--quiet', '-B', 'large', 'origin/main'], work());
    await git(['hash-object', '-w', '--stdin'], { ...work(), input: 'y'.repeat(2000) });
    const blob = await git(['hash-object', '-w', '--stdin'], { ...work(), input: 'y'.repeat(2000) });
    await git(['update-index', '--add', '--cacheinfo', `100644,${blob},large.txt`], work());
    await git(['commit', '--quiet', '-m', 'large'], work());
    const refused = await tryGit(['push', 'origin', 'large'], work());
    await sim.control('PATCH', '/settings', { fileSizeLimitBytes: 100_000_000 });

    expect(refused.stderr).toContain('pre-receive hook declined');
    expect((await sim.control('GET', '/repositories/acme/storefront/refs')).refs).not.toHaveProperty(
      'refs/heads/large',
    );
    await push('large');
  });

  it('is refused for a repository over its size', async () => {
    await sim.control('PATCH', '/settings', { repositorySizeLimitBytes: 1 });
    const refused = await tryGit(['push', 'origin', 'HEAD:more'], work());
    await sim.control('PATCH', '/settings', { repositorySizeLimitBytes: 4_000_000_000 });

    expect(refused.stderr).toContain(
      'Repository is over the size limit (4 GB) and will not accept further additions.',
    );
  });

  it('is refused for a protected branch', async () => {
    await sim.control('PATCH', '/repositories/acme/storefront', { protectedBranches: ['main'] });
    const refused = await tryGit(['push', 'origin', 'HEAD:main'], work());
    await sim.control('PATCH', '/repositories/acme/storefront', { protectedBranches: [] });

    expect(refused.stderr).toContain('Permission denied to update branch main.');
    expect(refused.stderr).toContain('pre-receive hook declined');
  });

  it('decides the main branch of an empty repository', async () => {
    const before = (await sim.get('/repositories/acme/playground', 'walter')).json;
    await git(['push', '--quiet', sim.repository('acme/playground'), 'HEAD:refs/heads/trunk'], work());
    const after = (await sim.get('/repositories/acme/playground', 'walter')).json;

    expect([before.mainbranch, after.mainbranch.name]).toEqual([null, 'trunk']);
    expect(await git(['ls-remote', '--symref', sim.repository('acme/playground'), 'HEAD'], work())).toContain(
      'ref: refs/heads/trunk',
    );
  });

  it('by the control API has the same consequences', async () => {
    const before = (await sim.get('/repositories/acme/storefront', 'walter')).json;
    const { hash } = await sim.control('POST', '/repositories/acme/storefront/commit', {
      files: { 'a b.txt': 'hello\n' },
      message: 'By hand',
      user: 'walter',
    });
    const [change] = await changes();
    const after = (await sim.get('/repositories/acme/storefront', 'walter')).json;
    await git(['fetch', '--quiet', 'origin'], work());

    expect(change.new.target.hash).toBe(hash);
    expect(after.updated_on > before.updated_on).toBe(true);
    expect(await git(['show', `${hash}:a b.txt`], work())).toBe('hello');
  });

  it('by the control API may be forced, and may delete', async () => {
    const forced = await sim.control('POST', '/repositories/acme/storefront/commit', {
      parent: null,
      force: true,
      files: { new: 'x' },
      branch: 'develop',
    });
    await sim.control('POST', '/repositories/acme/storefront/refs', {
      refs: { 'refs/heads/develop': null, 'refs/heads/again': forced.hash, 'refs/tags/moved': 'main~1' },
    });
    await sim.control('GET', '/deliveries?settle');
    const all = hooks.received.flatMap((one) => one.payload.push.changes);

    expect(all.filter((one) => one.forced)).toHaveLength(1);
    expect(all.filter((one) => one.closed)).toHaveLength(1);
    expect(all.filter((one) => one.created)).toHaveLength(2);
    expect(
      await git(['rev-list', '--count', forced.hash], { ...work(), cwd: scratch.file('work') }).catch(
        () => '1',
      ),
    ).toBe('1');
  });

  it('of hundreds of refs is told to nobody, and is done soon', async () => {
    const refs = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`refs/heads/many/${i}`, 'main']));
    const { updates } = await sim.control('POST', '/repositories/acme/storefront/refs', { refs });
    const { deliveries } = await sim.control('GET', '/deliveries?settle');

    expect(updates).toHaveLength(400);
    expect(deliveries.at(-1).state).toBe('too-large');
  });

  it('takes a whole fast-import stream', async () => {
    const stream =
      'commit refs/heads/imported\ncommitter A <a@example.com> 1700000000 +0000\ndata 1\nx\n\nreset refs/tags/t1\nfrom refs/heads/imported\n\n';
    const answer = await sim.rest('POST', `${sim.url}/_sim/repositories/acme/warehouse/import`, {
      body: stream,
    });

    expect(answer.json).toEqual({ updates: 2 });
    expect(Object.keys((await sim.control('GET', '/repositories/acme/warehouse/refs')).refs)).toContain(
      'refs/tags/t1',
    );
  });
});
