import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { absent } from './mirror-disk.js';

/** Files that a git of ours leaves when it is killed, and that would stop or burden every later one. */
const LEFT_AT_TOP =
  /^(?:HEAD|packed-refs|shallow|config|FETCH_HEAD)\.lock$|^packed-refs\.new$|^gc\.pid(?:\.lock)?$/;
const LEFT_IN_PACKS = /^tmp_|^\.tmp-|\.lock$/;
const LEFT_IN_OBJECTS = /^tmp_obj|^tmp_objdir-|^maintenance\.lock$/;
const LEFT_IN_OWN = /\.next$/;
const LOCK = /\.lock$/;

/**
 * Removes lock and temporary files from a mirror repository.
 *
 * Safe only while no git writes there: nobody but us writes, so nobody else can own such a file.
 */
export async function sweepRepository(path: string): Promise<void> {
  await sweepFolder(path, LEFT_AT_TOP);
  await sweepFolder(join(path, 'antipode'), LEFT_IN_OWN);
  await sweepFolder(join(path, 'objects'), LEFT_IN_OBJECTS);
  await sweepFolder(join(path, 'objects/pack'), LEFT_IN_PACKS);
  await sweepFolder(join(path, 'objects/info'), LOCK);
  await sweepFolder(join(path, 'objects/info/commit-graphs'), /\.lock$|^tmp_/);
  await sweepTree(join(path, 'refs'), LOCK);
  await sweepKeeps(join(path, 'objects/pack'));
}

async function sweepFolder(folder: string, left: RegExp): Promise<void> {
  const names = (await readdir(folder).catch(absent)) ?? [];
  await Promise.all(
    names
      .filter((name) => left.test(name))
      .map((name) => rm(join(folder, name), { recursive: true, force: true })),
  );
}

/** A ref's own name cannot end in ".lock" (git-check-ref-format(1)), so every such file is a lock. */
async function sweepTree(folder: string, left: RegExp): Promise<void> {
  const entries = (await readdir(folder, { withFileTypes: true, recursive: true }).catch(absent)) ?? [];
  const found = entries.filter((entry) => entry.isFile() && left.test(entry.name));
  await Promise.all(found.map((entry) => rm(join(entry.parentPath, entry.name), { force: true })));
}

/** A fetch that is killed between storing its pack and moving on leaves a .keep, which would exempt the pack from repacking for ever. */
async function sweepKeeps(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(absent)) ?? [];
  for (const name of names.filter((candidate) => candidate.endsWith('.keep'))) {
    const path = join(folder, name);
    const text = (await readFile(path, 'latin1').catch(absent)) ?? '';
    if (/^(?:fetch-pack|receive-pack) \d+/.test(text)) await rm(path, { force: true });
  }
}
