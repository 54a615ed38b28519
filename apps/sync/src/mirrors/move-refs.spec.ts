import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gitOk, initBare } from '@antipode/git-process';
import { compareBytes } from '@antipode/mirror-disk';
import { listRefs } from './list-refs.js';
import { collide, moveRefs, writeFirstRefs } from './move-refs.js';
import { dropExpiredPins, pinsEndMs } from './pins.js';
import { EMPTY, type RefState } from './ref-state.js';

let folder: string;
let repository: string;
let blobs: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'move-refs-'));
  repository = join(folder, 'r.git');
  await initBare(repository, 'sha1');
  blobs = [];
  for (const input of ['a', 'b', 'c']) {
    blobs.push(
      (await gitOk(repository, { args: ['hash-object', '-w', '--stdin'], input })).toString().trim(),
    );
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Refs outside refs/heads may point to any object: blobs are the cheapest. */
const state = (refs: Record<string, string>): RefState => ({
  ...EMPTY,
  headTarget: 'refs/heads/main',
  refs: Object.entries(refs)
    .map(([name, oid]) => ({ name: `refs/x/${name}`, oid }))
    .sort((a, b) => compareBytes(a.name, b.name)),
});

const onDisk = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    [...(await listRefs(repository))]
      .filter(([name]) => name.startsWith('refs/x/'))
      .map(([name, oid]) => [name.slice(7), oid]),
  );

const move = (from: RefState, to: RefState): Promise<void> =>
  moveRefs(repository, { from, to, pinnedUntil: 1060 });

describe('moving refs', () => {
  it('reaches any state from any other', async () => {
    // Names that are folders of one another are the hard part.
    const names = fc.constantFrom('a', 'a/b', 'a/b/c', 'b', 'b/c', 'd');
    const states = fc.array(fc.dictionary(names, fc.nat(2), { maxKeys: 4 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(states, async (list) => {
        let from: RefState = EMPTY;
        for (const wanted of list) {
          const refs = Object.fromEntries(
            Object.entries(wanted)
              .filter(
                ([name]) =>
                  !Object.keys(wanted).some((other) => other !== name && name.startsWith(`${other}/`)),
              )
              .map(([name, i]) => [name, blobs[i] ?? '']),
          );
          await move(from, state(refs));
          expect(await onDisk()).toEqual(refs);
          from = state(refs);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('pins dropped tips until their lease is over', async () => {
    const [a = '', b = ''] = blobs;
    await move(EMPTY, state({ one: a, two: b }));
    await move(state({ one: a, two: b }), state({ two: b }));
    expect([...(await listRefs(repository, 'refs/antipode/'))]).toEqual([
      [`refs/antipode/pins/1060/${a}`, a],
    ]);
    expect(await pinsEndMs(repository)).toBe(1_060_000);
    await dropExpiredPins(repository, 1059);
    expect((await listRefs(repository, 'refs/antipode/')).size).toBe(1);
    await dropExpiredPins(repository, 1061);
    expect((await listRefs(repository, 'refs/antipode/')).size).toBe(0);
    expect(await pinsEndMs(repository)).toBeUndefined();
  });

  it('does not pin what another ref still holds', async () => {
    const [a = ''] = blobs;
    await move(EMPTY, state({ one: a, two: a }));
    await move(state({ one: a, two: a }), state({ two: a }));
    expect((await listRefs(repository, 'refs/antipode/')).size).toBe(0);
  });

  it('finishes what a killed predecessor began', async () => {
    const [a = '', b = ''] = blobs;
    await gitOk(repository, { args: ['update-ref', 'refs/x/half', b] });
    await move(state({ one: a }), state({ one: b }));
    expect(await onDisk()).toEqual({ one: b });
  });

  it('packs many new refs into one file, which each upload-pack then reads at once', async () => {
    const [a = ''] = blobs;
    const many = state(Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`many/${i}`, a])));
    await move(EMPTY, many);
    expect(await readFile(join(repository, 'packed-refs'), 'utf8')).toContain('refs/x/many/119');
    expect(Object.keys(await onDisk())).toHaveLength(120);
  });

  it('writes the first refs in a form that git reads', async () => {
    const [a = '', b = ''] = blobs;
    await writeFirstRefs(repository, state({ 'z/1': a, größe: b }));
    expect(await onDisk()).toEqual({ 'z/1': a, größe: b });
    expect((await gitOk(repository, { args: ['symbolic-ref', 'HEAD'] })).toString()).toBe(
      'refs/heads/main\n',
    );
  });
});

describe('names that collide', () => {
  it.each([
    [['refs/heads/a'], ['refs/heads/a/b'], true],
    [['refs/heads/a/b'], ['refs/heads/a'], true],
    [['refs/heads/a'], ['refs/heads/ab'], false],
    [['refs/heads/a'], ['refs/heads/b'], false],
    [[], ['refs/heads/b', 'refs/heads/c'], false],
  ])('%j and %j: %j', (deleted, written, expected) => {
    expect(collide(deleted, written)).toBe(expected);
  });
});
