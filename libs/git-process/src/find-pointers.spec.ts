import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writePointer } from '@antipode/lfs-wire';
import type { ConfigPair } from './config-env.js';
import { findPointers } from './find-pointers.js';
import { gitOk, initBare } from './repository.js';
import { runGit } from './run-git.js';
import { processesStarted } from './start-git.js';

const PERSON: readonly ConfigPair[] = [
  ['user.name', 'x'],
  ['user.email', 'x@example.com'],
];
const oidOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const pointer = (text: string): string => writePointer({ oid: oidOf(text), size: text.length });

let repository: string;
beforeEach(async () => {
  repository = await mkdtemp(join(tmpdir(), 'find-pointers-'));
  await initBare(repository, 'sha1');
});
afterEach(() => rm(repository, { recursive: true, force: true }));

const git = async (args: string[], input = ''): Promise<string> => {
  const { code, stdout, stderr } = await runGit({
    args,
    input,
    cwd: repository,
    env: { GIT_DIR: repository },
    config: PERSON,
  });
  if (code !== 0) throw new Error(stderr);
  return stdout.toString('utf8').trim();
};

/** A commit whose only folder holds these files (beside a submodule). */
async function commit(files: Record<string, string>, parents: string[] = []): Promise<string> {
  const lines = await Promise.all(
    Object.entries(files).map(
      async ([name, text]) => `100644 blob ${await git(['hash-object', '-w', '--stdin'], text)}\t${name}\n`,
    ),
  );
  const submodule = `160000 commit ${'1'.repeat(40)}\tsubmodule\n`;
  const folder = await git(['mktree'], [...lines, submodule].join(''));
  const tree = await git(['mktree'], `040000 tree ${folder}\tfolder\n`);
  return git(['commit-tree', tree, '-m', 'x', ...parents.flatMap((parent) => ['-p', parent])]);
}

async function find(tips: string[], known: string[] = []): Promise<string[]> {
  const oids: string[] = [];
  for await (const { oid } of findPointers({ repository, tips, known, stallMs: 20_000 })) oids.push(oid);
  return oids.sort();
}

describe('the LFS pointers of commits', () => {
  it('are found in the whole history, with their sizes, among files that are none', async () => {
    const first = await commit({
      a: pointer('one'),
      b: 'no pointer',
      empty: '',
      long: `${pointer('no')}${' '.repeat(1024)}`,
    });
    const second = await commit({ a: pointer('a second'), c: pointer('one').replace('oid', 'oud') }, [first]);
    const found = [];
    for await (const object of findPointers({ repository, tips: [second], known: [], stallMs: 20_000 }))
      found.push(object);
    expect(found).toHaveLength(2);
    expect(found).toEqual(
      expect.arrayContaining([
        { oid: oidOf('one'), size: 3 },
        { oid: oidOf('a second'), size: 8 },
      ]),
    );
  });

  it('are those of new commits alone, where the rest is known', async () => {
    const first = await commit({ a: pointer('old') });
    const second = await commit({ a: pointer('old'), b: pointer('new') }, [first]);
    const third = await commit({ a: pointer('newer') }, [second]);
    expect(await find([third], [first])).toEqual([oidOf('new'), oidOf('newer')].sort());
  });

  it.each([[[]], [['known']]])('are found behind tags of tags and of files (known: %j)', async (some) => {
    const known = some.length > 0 ? [await commit({ x: 'y' })] : [];
    const blob = await git(['hash-object', '-w', '--stdin'], pointer('tagged'));
    const large = await git(['hash-object', '-w', '--stdin'], 'x'.repeat(2_000_000));
    await git(['tag', '-a', '-m', 'x', 'of-blob', blob]);
    await git(['tag', '-a', '-m', 'x', 'of-tag', 'of-blob']);
    const tag = await git(['rev-parse', 'of-tag']);
    expect(await find([tag, large], known)).toEqual([oidOf('tagged')]);
    expect(await find([blob], known)).toEqual([oidOf('tagged')]);
  });

  it('are the longest and the shortest that there are', async () => {
    const extension = `ext-0-foo sha256:${'0'.repeat(64)}\n`;
    const lines = pointer('long').split('\n');
    const long = [lines[0], ...extension.repeat(10).trim().split('\n'), ...lines.slice(1)].join('\n');
    const short = `version https://hawser.github.com/spec/v1\noid sha256:${oidOf('short')}\nsize 0`;
    expect(long.length).toBeGreaterThan(900);
    expect(await find([await commit({ long, short })])).toEqual([oidOf('long'), oidOf('short')].sort());
  });

  it('cost no process where nothing is new', async () => {
    const tip = await commit({ a: pointer('old') });
    const before = processesStarted();
    expect(await find([tip], [tip])).toEqual([]);
    expect(await find([])).toEqual([]);
    expect(processesStarted()).toBe(before);
  });

  it('are a failure where an object is missing, never fewer', async () => {
    const first = await commit({ a: pointer('old') });
    const blob = await git(['hash-object', '-w', '--stdin'], pointer('new'));
    const second = await commit({ a: pointer('new') }, [first]);
    await rm(join(repository, 'objects', blob.slice(0, 2), blob.slice(2)));
    await expect(find([second], [first])).rejects.toMatchObject({ code: 'mirror_damaged' });
    await expect(find(['2'.repeat(40)], [first])).rejects.toMatchObject({ code: 'mirror_damaged' });
  });

  it('stop when their reader stops, and when it is told to', async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`f${n}`, pointer(`${n}`)]));
    const tip = await commit(files);
    for await (const object of findPointers({ repository, tips: [tip], known: [], stallMs: 20_000 })) {
      expect(object.oid).toHaveLength(64);
      break;
    }
    const controller = new AbortController();
    const reading = (async () => {
      const options = { repository, tips: [tip], known: [], stallMs: 20_000, signal: controller.signal };
      for await (const object of findPointers(options)) if (object) controller.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('come from packs as from loose files', async () => {
    const first = await commit({ a: pointer('old') });
    const second = await commit({ a: pointer('new') }, [first]);
    await git(['update-ref', 'refs/heads/main', second]);
    await gitOk(repository, { args: ['repack', '-adq'], settings: 'maintain' });
    expect(await readdir(join(repository, 'objects/pack'))).not.toEqual([]);
    expect(await find([second], [first])).toEqual([oidOf('new')]);
    expect(await find([second])).toEqual([oidOf('new'), oidOf('old')].sort());
  });
});
