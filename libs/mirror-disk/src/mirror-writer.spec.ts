import { mkdir, mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MirrorDisk } from './mirror-disk.js';
import { MirrorWriter } from './mirror-writer.js';
import type { Snapshot } from './snapshot.js';
import { readSnapshotText } from './snapshot-text.js';

const ID = '0b5c7d1e-93a4-4f6e-8c21-5d7e9fa01b23';
const snapshot = (epoch: number): Snapshot => ({
  epoch,
  objectFormat: 'sha1',
  headTarget: 'refs/heads/main',
  headOid: 'b'.repeat(40),
  refs: [{ name: 'refs/heads/main', oid: 'b'.repeat(40) }],
});

let root: string;
let disk: MirrorDisk;
let writer: MirrorWriter;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mirror-disk-'));
  disk = new MirrorDisk(root);
  writer = new MirrorWriter(disk);
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a mirror repository on disk', () => {
  it('does not exist for readers before a snapshot is published', async () => {
    await mkdir(disk.repositoryPath(ID), { recursive: true });
    expect(await disk.statMirror(ID)).toBeUndefined();
    expect(disk.statMirrorSync(ID)).toBeUndefined();
    expect(await disk.readSnapshot(ID)).toBeUndefined();
  });

  it.each(['..', '../../etc/passwd', '', ID.toUpperCase(), `{${ID}}`, `${ID}/..`])(
    'has no path for the id %j',
    (id) => {
      expect(() => disk.repositoryPath(id)).toThrow(expect.objectContaining({ code: 'invalid' }));
    },
  );

  it('shows a published epoch, and changes its identity with the next', async () => {
    await writer.publish(ID, snapshot(1));
    const first = await disk.readPublished(ID);
    expect(first?.snapshot).toEqual(snapshot(1));
    expect(await disk.statMirror(ID)).toEqual({ identity: first?.identity, confirmedAtMs: 0 });
    await writer.publish(ID, snapshot(2));
    expect((await disk.statMirror(ID))?.identity).not.toBe(first?.identity);
    expect(disk.statMirrorSync(ID)).toEqual(await disk.statMirror(ID));
  });

  it('is confirmed to the millisecond, and never for an earlier moment than before', async () => {
    await writer.publish(ID, snapshot(1));
    const now = Date.now() - 1;
    await writer.confirm(ID, now);
    expect((await disk.statMirror(ID))?.confirmedAtMs).toBe(now);
    await writer.confirm(ID, now - 5000);
    expect((await disk.statMirror(ID))?.confirmedAtMs).toBe(now);
  });

  it('comes back from a confirmation that lies in the future', async () => {
    await writer.publish(ID, snapshot(1));
    await writer.confirm(ID, 1);
    const future = Date.now() / 1000 + 3600;
    await utimes(disk.confirmedPath(ID), future, future);
    const now = Date.now();
    await writer.confirm(ID, now);
    expect((await disk.statMirror(ID))?.confirmedAtMs).toBe(now);
  });

  it('is damaged, not half there, when its snapshot is cut', async () => {
    await writer.publish(ID, snapshot(1));
    const whole = await readFile(disk.snapshotPath(ID));
    await writeFile(disk.snapshotPath(ID), whole.subarray(0, whole.length - 1));
    await expect(disk.readSnapshot(ID)).rejects.toMatchObject({ code: 'mirror_damaged' });
  });

  it('appears with its first epoch in one step', async () => {
    const staging = await writer.createStaging(ID);
    await writer.publishStaged(staging, { snapshot: snapshot(1), confirmedAtMs: 1234 });
    expect(await disk.statMirror(ID)).toBeUndefined();
    await writer.commitStaging(ID, staging);
    expect((await disk.statMirror(ID))?.confirmedAtMs).toBe(1234);
    expect(await writer.list()).toEqual([ID]);
  });

  it('takes the place of another, which lies in the trash with whoever reads it', async () => {
    await writer.publish(ID, snapshot(1));
    const reader = await open(disk.snapshotPath(ID));
    const staging = await writer.createStaging(ID);
    await writer.publishStaged(staging, { snapshot: snapshot(2), confirmedAtMs: 1234 });
    await writer.commitStaging(ID, staging);
    expect(await disk.readSnapshot(ID)).toEqual(snapshot(2));
    expect(readSnapshotText(await reader.readFile())).toEqual(snapshot(1));
    await reader.close();
    expect(await writer.emptyTrash(Date.now() + 1)).toBe(1);
    expect(await writer.list()).toEqual([ID]);
  });

  it('stays where it is when what should take its place is not there', async () => {
    await writer.publish(ID, snapshot(1));
    await expect(writer.commitStaging(ID, join(root, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await disk.readSnapshot(ID)).toEqual(snapshot(1));
  });

  it('is gone for readers when removed, and from the disk when the trash is emptied', async () => {
    await writer.publish(ID, snapshot(1));
    await writer.remove(ID);
    expect(await disk.statMirror(ID)).toBeUndefined();
    expect(await writer.emptyTrash(Date.now() - 60_000)).toBe(0);
    expect(await writer.emptyTrash(Date.now() + 1)).toBe(1);
    expect(await readdir(dirname(disk.repositoryPath(ID)))).toEqual([]);
  });

  it('may be removed when it was never there', async () => {
    await expect(writer.remove(ID)).resolves.toBeUndefined();
  });
});

describe('sweeping', () => {
  const LEFT = [
    'HEAD.lock',
    'packed-refs.lock',
    'packed-refs.new',
    'shallow.lock',
    'refs/heads/feature/x.lock',
    'objects/pack/multi-pack-index.lock',
    'objects/pack/tmp_pack_abc',
    'objects/pack/tmp_idx_abc',
    'objects/pack/.tmp-123-pack-aa.pack',
    'objects/info/commit-graph.lock',
    'objects/info/commit-graphs/commit-graph-chain.lock',
    'antipode/snapshot.next',
  ];
  const KEPT = [
    'packed-refs',
    'refs/heads/feature/lock',
    'objects/pack/pack-aa.pack',
    'objects/pack/multi-pack-index',
    'antipode/snapshot',
  ];

  it('removes what a killed git left, and nothing else', async () => {
    await writer.publish(ID, snapshot(1));
    const repository = disk.repositoryPath(ID);
    for (const name of [...LEFT, ...KEPT]) {
      await mkdir(dirname(join(repository, name)), { recursive: true });
      if (name !== 'antipode/snapshot') await writeFile(join(repository, name), 'x');
    }
    await writeFile(join(repository, 'objects/pack/pack-aa.keep'), 'fetch-pack 4711 on somewhere\n');
    await writeFile(join(repository, 'objects/pack/pack-bb.keep'), 'kept by an operator\n');
    await writer.sweepLeftovers();
    const files = await readdir(repository, { recursive: true, withFileTypes: true });
    const left = files
      .filter((f) => f.isFile())
      .map((f) => join(f.parentPath, f.name).slice(repository.length + 1));
    expect(left.sort()).toEqual([...KEPT, 'objects/pack/pack-bb.keep'].sort());
    expect(await disk.readSnapshot(ID)).toEqual(snapshot(1));
  });

  it('removes half-built repositories', async () => {
    const staging = await writer.createStaging(ID);
    await writer.sweepLeftovers();
    await expect(readdir(staging)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('puts a finished repository in its place where a predecessor was killed just before', async () => {
    await writer.publish(ID, snapshot(1));
    const staging = await writer.createStaging(ID);
    await writer.publishStaged(staging, { snapshot: snapshot(2), confirmedAtMs: 1234 });
    await writer.remove(ID);
    await writer.sweepLeftovers();
    expect(await disk.readSnapshot(ID)).toEqual(snapshot(2));
  });

  it('keeps what is served rather than what was finished beside it', async () => {
    const staging = await writer.createStaging(ID);
    await writer.publishStaged(staging, { snapshot: snapshot(2), confirmedAtMs: 1234 });
    await writer.publish(ID, snapshot(1));
    await writer.sweepLeftovers();
    expect(await disk.readSnapshot(ID)).toEqual(snapshot(1));
    await expect(readdir(staging)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
