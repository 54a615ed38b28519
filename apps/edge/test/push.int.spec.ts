import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { git, localRefs, lsRemote, tryGit, withoutHead } from '@antipode/testing';
import { GivenEdge, READER, WRITER } from './given-edge.js';

let edge: GivenEdge;
let work: string;
const as = WRITER;
const PATH = 'acme/widget';

const push = (...args: string[]) => tryGit(['push', 'origin', ...args], { cwd: work, as });
const commit = async (text: string): Promise<string> => {
  await git(['commit', '--quiet', '--allow-empty', '-m', text], { cwd: work });
  return git(['rev-parse', 'HEAD'], { cwd: work });
};
const primaryRefs = () => localRefs(edge.mirrors.origin(PATH));
/** What the mirror itself says at once, from its own copy. */
const mirrorRefs = async () => {
  const refs = withoutHead(await lsRemote(edge.repositoryUrl(PATH), { as: READER }));
  expect(edge.logs.at(-1)).toMatchObject({ source: 'memory' });
  return refs;
};

beforeAll(async () => {
  // Nothing becomes fresh by itself: what the mirror shows after a push, the push has brought.
  edge = await GivenEdge.open({ settings: { FRESHNESS: 'event' } });
  await edge.add(PATH);
  const origin = edge.mirrors.origin(PATH);
  for (const [key, value] of [
    ['http.receivepack', 'true'],
    ['receive.advertisePushOptions', 'true'],
    ['receive.advertiseAtomic', 'true'],
  ] as const)
    await git(['config', key, value], { cwd: origin });
  await mkdir(join(origin, 'hooks'), { recursive: true });
  await writeFile(
    join(origin, 'hooks/pre-receive'),
    '#!/bin/sh\nfor i in $(seq 0 $((${GIT_PUSH_OPTION_COUNT:-0} - 1))); do eval "echo option \\$GIT_PUSH_OPTION_$i"; done\n' +
      'while read -r old new ref; do case "$ref" in */forbidden*) echo "branches called forbidden are not taken" >&2; exit 1;; esac; done\n',
  );
  await chmod(join(origin, 'hooks/pre-receive'), 0o755);
  work = join(edge.folder, 'work');
  await git(['clone', '--quiet', edge.repositoryUrl(PATH), work], { as });
});
afterAll(async () => edge[Symbol.asyncDispose]());

describe('a push', () => {
  it('of a new branch is on the primary, and on the mirror at once', async () => {
    const tip = await commit('one');
    const { code, stderr } = await push('HEAD:refs/heads/new');
    expect(stderr).toContain('[new branch]');
    expect(code).toBe(0);
    expect(await primaryRefs()).toHaveProperty('refs/heads/new', tip);
    expect(await mirrorRefs()).toEqual(await primaryRefs());
  });
});
