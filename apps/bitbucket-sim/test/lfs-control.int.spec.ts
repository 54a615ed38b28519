import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { git, openScratch, type SimApi } from '@antipode/testing';
import { apiOf } from './lfs-requests.js';
import { SimUnderTest } from './open-sim.js';

describe('large files by the control API', () => {
  let sim: SimUnderTest;
  let api: SimApi;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
    api = apiOf(sim);
  });
  afterAll(() => sim[Symbol.asyncDispose]());

  const oidOf = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

  it('takes text, bytes and noise, and belongs them to one repository', async () => {
    const bytes = Buffer.from([0, 255, 10, 13]);
    expect(await api.lfs.put('acme/playground', 'text')).toEqual({ oid: oidOf('text'), size: 4 });
    expect(await api.lfs.put('acme/playground', bytes)).toEqual({ oid: oidOf(bytes), size: 4 });
    const noise = await api.lfs.put('acme/playground', { seed: 'a', size: 3_000_001 });

    expect(noise).toEqual(await api.lfs.put('acme/playground', { seed: 'a', size: 3_000_001 }));
    expect((await api.lfs.put('acme/playground', { seed: 'b', size: 10 })).size).toBe(10);
    expect(await api.lfs.put('acme/playground', '')).toEqual({ oid: oidOf(''), size: 0 });
    const oids = (await api.lfs.objects('acme/playground')).map(({ oid }) => oid);
    expect(oids).toHaveLength(5);
    expect(oids).toContain(noise.oid);
    expect(await api.lfs.objects('acme/pipelines')).toEqual([]);
  });

  it('commits pointers and the attributes that go with them', async () => {
    await api.lfs.commit('acme/checkout-api', { 'img/a b.png': 'one', data: { seed: 'x', size: 1234 } });
    const stolen = { oid: oidOf('of somebody else'), size: 16 };
    const { objects, hash } = await api.lfs.commit('acme/checkout-api', { 'c.png': 'two', 'd.png': stolen });

    await using scratch = await openScratch();
    const work = scratch.file('work');
    const env = { GIT_LFS_SKIP_SMUDGE: '1' };
    await git(['clone', '--quiet', sim.repository('acme/checkout-api'), work], { as: sim.git('rita'), env });
    const show = (path: string) => git(['show', `${hash}:${path}`], { cwd: work });
    expect(await show('c.png')).toBe(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${objects['c.png']?.oid}\nsize 3`,
    );
    const filter = await git(['check-attr', 'filter', 'img/a b.png', 'data', 'c.png', 'api/token.go'], {
      cwd: work,
    });
    expect(filter.match(/lfs$/gm)).toHaveLength(3);
    expect(objects['d.png']).toEqual(stolen);
    const oids = (await api.lfs.objects('acme/checkout-api')).map(({ oid }) => oid);
    expect(oids).toHaveLength(3);
    expect(oids).not.toContain(stolen.oid);
  });

  it('gives a fork what its parent has, and forgets what was deleted', async () => {
    await api.lfs.put('acme/handbook', 'kept by the fork');
    await api.rest('POST', '/repositories/acme/handbook/forks', { name: 'copy', project: { key: 'PUB' } });
    const parent = await api.lfs.objects('acme/handbook');

    expect(await api.lfs.objects('acme/copy')).toEqual(parent);
    await api.remove('acme/copy');
    expect(await api.lfs.objects('acme/handbook')).toEqual(parent);
    await api.create('acme/copy', 'PUB');
    expect(await api.lfs.objects('acme/copy')).toEqual([]);
  });

  it('has a sample with large files, an old version among them', async () => {
    await using scratch = await openScratch();
    const bare = scratch.file('bare.git');
    await git(['clone', '--quiet', '--bare', sim.repository('acme/design-system'), bare], {
      as: sim.git('rita'),
    });
    const log = await git(['log', '-p', 'main', '--', 'artwork', 'fonts'], { cwd: bare });
    const pointers = new Set([...log.matchAll(/^\+oid sha256:(\w+)$/gm)].map(([, oid]) => oid));
    const objects = await api.lfs.objects('acme/design-system');

    expect(pointers).toEqual(new Set(objects.map(({ oid }) => oid)));
    expect(objects.map(({ size }) => size).toSorted((a, b) => a - b)).toEqual([
      27_702, 27_702, 384_054, 864_054, 2_500_000,
    ]);
  });
});
