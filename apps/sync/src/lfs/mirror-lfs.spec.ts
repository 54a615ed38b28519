import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { gitOk, initBare } from '@antipode/git-process';
import { writePointer, type LfsObject } from '@antipode/lfs-wire';
import { MirrorDisk, MirrorWriter, readLfsScanned, type Snapshot } from '@antipode/mirror-disk';
import type { LargeFiles } from './lfs-client.service.js';
import { MirrorLfs } from './mirror-lfs.js';

const ID = '0b5c7d1e-93a4-4f6e-8c21-5d7e9fa01b23';
const oidOf = (n: number): string => `${n}`.repeat(64).slice(0, 64);

let root: string;
let disk: MirrorDisk;
let writer: MirrorWriter;
let taken: LfsObject[];
let onTake: () => Promise<void>;
let lfs: MirrorLfs;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mirror-lfs-'));
  disk = new MirrorDisk(root);
  writer = new MirrorWriter(disk);
  await initBare(disk.repositoryPath(ID), 'sha1');
  await mkdir(join(disk.repositoryPath(ID), 'antipode'));
  taken = [];
  onTake = () => Promise.resolve();
  const files: LargeFiles = {
    take: async (_, objects) => {
      taken.push(...objects);
      await onTake();
    },
    follow: () => {
      throw new Error('not here');
    },
  };
  lfs = new MirrorLfs(ID, disk, { files, beforePublishMs: 0, ended: () => undefined });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const takenOids = (): Set<string> => new Set(taken.map(({ oid }) => oid));

async function blobOf(object: LfsObject): Promise<string> {
  const args = ['hash-object', '-w', '--stdin'];
  return (await gitOk(disk.repositoryPath(ID), { args, input: writePointer(object) })).toString().trim();
}

/** Publishes files that are pointers, each as a tag of its own. */
async function publish(epoch: number, objects = [{ oid: oidOf(epoch), size: epoch }]): Promise<Snapshot> {
  const blobs = await Promise.all(objects.map(blobOf));
  const refs = blobs.map((oid, n) => ({ name: `refs/tags/t${epoch}-${n}`, oid }));
  const snapshot = { epoch, objectFormat: 'sha1', headTarget: undefined, headOid: undefined, refs } as const;
  await writer.publish(ID, snapshot);
  return snapshot;
}

const catchUp = (): Promise<void> =>
  lfs.catchUp({ stallMs: 10_000, signal: new AbortController().signal, ready: () => Promise.resolve() });

describe('catching up with large files', () => {
  it('ends when everything that is published was noted', async () => {
    const { refs } = await publish(1);
    expect(lfs.mayLag).toBe(true);
    await catchUp();
    expect(taken).toEqual([{ oid: oidOf(1), size: 1 }]);
    expect(lfs.mayLag).toBe(false);
    expect(await readLfsScanned(disk.repositoryPath(ID))).toEqual(new Set(refs.map(({ oid }) => oid)));
  });

  it('goes on with what was published meanwhile', async () => {
    await publish(1);
    onTake = async () => {
      onTake = () => Promise.resolve();
      await publish(2);
    };
    await catchUp();
    expect(takenOids()).toEqual(new Set([oidOf(1), oidOf(2)]));
    expect(lfs.mayLag).toBe(false);
  });

  it('tells both sizes of an object of which two pointers say different things', async () => {
    const objects = [3, 1, 2].map((size) => ({ oid: oidOf(1), size }));
    await publish(1, objects);
    await catchUp();
    expect(taken).toHaveLength(3);
    expect(taken).toEqual(expect.arrayContaining(objects));
  });

  it('is begun anew when it fails, and has forgotten nothing', async () => {
    await publish(1);
    onTake = () => Promise.reject(new Error('away'));
    await expect(catchUp()).rejects.toThrow('away');
    expect(lfs.mayLag).toBe(true);
    expect(await readLfsScanned(disk.repositoryPath(ID))).toBeUndefined();
    onTake = () => Promise.resolve();
    await catchUp();
    expect(lfs.mayLag).toBe(false);
  });
});
