import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  gitOk,
  initBare,
  missingObjects,
  runGit,
  startUploadPack,
  type ConfigPair,
} from '@antipode/git-process';
import { moveRefs } from '../mirrors/move-refs.js';
import { EMPTY, type RefState } from '../mirrors/ref-state.js';
import { dueMaintenance, maintainMirror } from './maintain-mirror.js';

const PERSON: readonly ConfigPair[] = [
  ['user.name', 'x'],
  ['user.email', 'x@example.com'],
];
const NOW = Date.now();
const DAY = 24 * 3_600_000;
let folder: string;
let repository: string;
let refs: RefState;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maintain-'));
  repository = join(folder, 'r.git');
  await initBare(repository, 'sha1');
  refs = EMPTY;
  for (let i = 0; i < 8; i += 1) await grow();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** One more commit in one more pack, as a fetch brings it. */
async function grow(): Promise<string> {
  const run = async (args: string[], input = ''): Promise<string> =>
    (await runGit({ args, cwd: repository, config: PERSON, input })).stdout.toString().trim();
  const blob = await run(['hash-object', '-w', '--stdin'], `${Math.random()}`.repeat(2000));
  const tree = await run(['mktree'], `100644 blob ${blob}\tfile\n`);
  const parent = refs.headOid ? ['-p', refs.headOid] : [];
  const oid = await run(['commit-tree', tree, '-m', 'x', ...parent]);
  await run(['pack-objects', '-q', 'objects/pack/pack'], `${oid}\n${tree}\n${blob}\n`);
  await run(['prune-packed']);
  await moveTo(oid);
  return oid;
}

async function moveTo(oid: string): Promise<void> {
  const to = {
    ...EMPTY,
    headTarget: 'refs/heads/main',
    headOid: oid,
    refs: [{ name: 'refs/heads/main', oid }],
  };
  await moveRefs(repository, { from: refs, to, pinnedUntil: NOW / 1000 + 60 });
  refs = to;
}

/** As if everything had happened some days ago: leases are in the names of pins, ages are the packs' mtimes. */
async function dateBack(): Promise<void> {
  const old = new Date(NOW - 3 * DAY);
  for (const name of await packs()) await utimes(join(repository, 'objects/pack', name), old, old);
  const pins = (
    await gitOk(repository, { args: ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/antipode'] })
  ).toString();
  const lines = pins
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ') as [string, string]);
  const input = lines
    .flatMap(([name, oid]) => [`delete ${name}\n`, `create refs/antipode/pins/1000/${oid} ${oid}\n`])
    .join('');
  await gitOk(repository, { args: ['update-ref', '--stdin'], input });
}

const packs = async (): Promise<string[]> =>
  (await readdir(join(repository, 'objects/pack'))).filter((name) => name.endsWith('.pack'));
const maintain = (kind: 'pins' | 'geometric' | 'full'): Promise<void> =>
  maintainMirror(repository, { kind, signal: new AbortController().signal });

async function served(): Promise<string> {
  const git = await startUploadPack({ repository, protocol: 'v0', mode: 'stateless' });
  git.stdin.end(`0032want ${refs.headOid}\n00000009done\n`);
  let bytes = 0;
  for await (const chunk of git.stdout as AsyncIterable<Buffer>) bytes += chunk.length;
  const { code, stderr } = await git.exited;
  return code === 0 && bytes > 1000 ? 'whole' : `${code}: ${stderr}`;
}

describe('maintenance', () => {
  it('rolls many packs into few, with one bitmap and a commit-graph, when there are many', async () => {
    expect(await dueMaintenance(repository, NOW)).toBe('geometric');
    await maintain('geometric');
    expect((await packs()).length).toBeLessThan(3);
    const files = await readdir(join(repository, 'objects'), { recursive: true });
    expect(files.filter((name) => /multi-pack-index-.*\.bitmap$/.test(name))).toHaveLength(1);
    expect(files.filter((name) => name.endsWith('.graph'))).toHaveLength(1);
    expect(await dueMaintenance(repository, NOW)).toBe('none');
    await gitOk(repository, { args: ['fsck', '--strict'] });
  });

  it('lets go of what a pin held, once its lease is over, and not before', async () => {
    const kept = refs.headOid ?? '';
    const secret = await grow();
    await moveTo(kept);
    await maintain('full');
    expect(await missingObjects(repository, [secret])).toEqual([]);
    expect(await dueMaintenance(repository, NOW)).toBe('none');
    expect(await dueMaintenance(repository, NOW + 61_000)).toBe('pins');
    await dateBack();
    await maintain('pins');
    expect(await missingObjects(repository, [secret])).toEqual([]);
    expect(await dueMaintenance(repository, NOW + 2 * DAY)).toBe('full');
    await maintain('full');
    expect(await missingObjects(repository, [secret, kept])).toEqual([secret]);
    expect(await dueMaintenance(repository, NOW + 4 * DAY)).toBe('none');
    await gitOk(repository, { args: ['fsck', '--strict'] });
  });

  it('does not rewrite everything because old tips of fast-forwards were pinned', async () => {
    await maintain('geometric');
    await dateBack();
    await maintain('pins');
    expect(await dueMaintenance(repository, NOW + 2 * DAY)).toBe('none');
  });

  it('never breaks a reader that is under way', async () => {
    const readers: Promise<string[]>[] = Array.from({ length: 3 }, async () => {
      const outcomes: string[] = [];
      for (let i = 0; i < 6; i += 1) outcomes.push(await served());
      return outcomes;
    });
    for (let i = 0; i < 3; i += 1) {
      await maintain(i === 1 ? 'full' : 'geometric');
      await grow();
    }
    expect(new Set((await Promise.all(readers)).flat())).toEqual(new Set(['whole']));
  }, 60_000);
});
