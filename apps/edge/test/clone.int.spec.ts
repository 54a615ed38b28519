import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { git, localRefs, lsRemote } from '@antipode/testing';
import { GivenEdge, READER } from './given-edge.js';

let edge: GivenEdge;

beforeAll(async () => {
  edge = await GivenEdge.open();
  await edge.add();
});
afterAll(() => edge[Symbol.asyncDispose]());

const as = READER;

describe.each([0, 1, 2] as const)('a clone in protocol version %i', (protocol) => {
  const clone = async (name: string, ...options: string[]): Promise<string> => {
    const target = join(edge.folder, `${name}-${protocol}`);
    await git(['clone', '--quiet', ...options, edge.repositoryUrl(), target], { as, protocol });
    return target;
  };

  it('has every ref of the primary and whole objects', async () => {
    const target = await clone('mirror', '--mirror');
    expect(await localRefs(target)).toEqual(await localRefs(edge.mirrors.origin()));
    await git(['fsck', '--strict'], { cwd: target });
    expect(edge.logs.at(-1)).toMatchObject({ route: 'upload_pack', source: 'git', protocol, status: 200 });
  });

  it('is as shallow as was asked for', async () => {
    const target = await clone('shallow', '--depth=1');
    expect(await git(['rev-list', '--count', 'HEAD'], { cwd: target })).toBe('1');
  });

  it('has one branch where one was asked for', async () => {
    const target = await clone('single', '--single-branch', '--branch=topic-1');
    expect(await git(['branch', '--all', '--format=%(refname:short)'], { cwd: target })).toContain(
      'origin/topic-1',
    );
  });

  it('has no blobs where they were filtered out, and gets them when they are needed', async () => {
    const target = await clone('blobless', '--filter=blob:none', '--no-checkout');
    expect(await git(['rev-list', '--objects', '--missing=print', 'HEAD'], { cwd: target })).toContain('?');
    await git(['checkout', '--quiet', 'HEAD'], { cwd: target, as, protocol });
  });

  it('lists what the primary lists', async () => {
    expect(await lsRemote(edge.repositoryUrl(), { as, protocol })).toEqual(
      await lsRemote(edge.mirrors.origin()),
    );
  });
});
