import { chmod, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkConnectivity } from './check-connectivity.js';
import type { ConfigPair } from './config-env.js';
import { findSpoiltFile } from './find-spoilt-file.js';
import { gitOk, initBare } from './repository.js';
import { runGit } from './run-git.js';

const PERSON: readonly ConfigPair[] = [
  ['user.name', 'x'],
  ['user.email', 'x@example.com'],
];
const { signal } = new AbortController();
const STALL = { stallMs: 60_000, signal };

let folder: string;
let repository: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'find-damage-'));
  repository = join(folder, 'r.git');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inRepository = async (args: readonly string[], input = ''): Promise<string> => {
  const env = { GIT_DIR: repository };
  return (await runGit({ args, input, cwd: repository, env, config: PERSON })).stdout.toString().trim();
};

/** Two commits in a pack each, with every kind of index that maintenance writes. */
async function givenRepository(objectFormat: 'sha1' | 'sha256'): Promise<string[]> {
  await initBare(repository, objectFormat);
  for (const text of ['one', 'two']) {
    const blob = await inRepository(['hash-object', '-w', '--stdin'], text.repeat(1000));
    const tree = await inRepository(['mktree'], `100644 blob ${blob}\tfile\n`);
    const commit = await inRepository(['commit-tree', '-m', text, tree]);
    await inRepository(['update-ref', `refs/heads/${text}`, commit]);
    await gitOk(repository, { args: ['repack', '-d', '-q', '--write-midx', '--write-bitmap-index'] });
  }
  await gitOk(repository, { args: ['commit-graph', 'write', '--reachable', '--split'] });
  const names = await readdir(join(repository, 'objects'), { recursive: true });
  return names.filter((name) => /^(?:pack|info)\//.test(name) && /\.[a-z]+$|multi-pack-index$/.test(name));
}

async function flipBit(name: string): Promise<void> {
  const path = join(repository, 'objects', name);
  await chmod(path, 0o644);
  const file = await open(path, 'r+');
  const position = Math.floor(((await stat(path)).size * 2) / 3);
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position });
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 16]), 0, 1, position);
  await file.close();
}

describe.each(['sha1', 'sha256'] as const)('the files of a %s repository', (objectFormat) => {
  it('are as they were written, or the spoilt one is named, whichever it is', async () => {
    const names = await givenRepository(objectFormat);
    expect(names.map((name) => name.split('.').at(-1))).toEqual(
      expect.arrayContaining(['pack', 'idx', 'bitmap', 'graph', 'pack/multi-pack-index']),
    );
    expect(await findSpoiltFile(repository, { objectFormat, signal })).toBeUndefined();
    for (const name of names) {
      await flipBit(name);
      expect(await findSpoiltFile(repository, { objectFormat, signal })).toBe(`objects/${name}`);
      await flipBit(name);
    }
    expect(await findSpoiltFile(repository, { objectFormat, signal })).toBeUndefined();
  });
});

describe('the objects of a repository', () => {
  it('are connected, or what lacks one is named', async () => {
    await givenRepository('sha1');
    expect(await checkConnectivity(repository, STALL)).toBeUndefined();
    const lost = await inRepository(['hash-object', '-w', '--stdin'], 'lost');
    const tree = await inRepository(['mktree'], `100644 blob ${lost}\tfile\n`);
    await inRepository([
      'update-ref',
      'refs/heads/three',
      await inRepository(['commit-tree', '-m', 'x', tree]),
    ]);
    expect(await checkConnectivity(repository, STALL)).toBeUndefined();
    await rm(join(repository, 'objects', lost.slice(0, 2), lost.slice(2)));
    expect(await checkConnectivity(repository, STALL)).toContain(tree);
  });

  it('are not walked for somebody who has gone', async () => {
    await givenRepository('sha1');
    const gone = AbortSignal.abort();
    await expect(checkConnectivity(repository, { ...STALL, signal: gone })).rejects.toMatchObject({
      code: 'cancelled',
    });
    await expect(findSpoiltFile(repository, { objectFormat: 'sha1', signal: gone })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});
