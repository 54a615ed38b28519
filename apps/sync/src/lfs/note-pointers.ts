import { findPointers, missingObjects } from '@antipode/git-process';
import type { RepositoryId } from '@antipode/domain';
import type { LfsObject } from '@antipode/lfs-wire';
import { MOST_POINTERS, type LargeFiles } from './lfs-client.service.js';

export interface NotePointers {
  readonly id: RepositoryId;
  /** The bare repository's folder. */
  readonly repository: string;
  readonly tips: Iterable<string>;
  /** Tips whose history was noted before. */
  readonly known: Iterable<string>;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  readonly priority: 'normal' | 'low';
}

/**
 * Tells the LFS service about every pointer of the commits that `tips` have beyond `known`.
 *
 * @returns how many pointers there were.
 * @throws AntipodeError of the LFS service or of git: then some of it may be noted, and all of it is to be told again.
 */
export async function notePointers(files: LargeFiles, work: NotePointers): Promise<number> {
  const { id, signal } = work;
  let noted = 0;
  let chunk = new Map<string, LfsObject>();
  const tell = async (): Promise<void> => {
    if (chunk.size === 0) return;
    await files.take(id, [...chunk.values()], signal);
    noted += chunk.size;
    chunk = new Map();
  };
  for await (const pointer of findPointers(work)) {
    // One that lies about a size must not take the place of one that does not.
    chunk.set(`${pointer.oid}/${pointer.size}`, pointer);
    if (chunk.size === MOST_POINTERS) await tell();
  }
  await tell();
  return noted;
}

/** Those of the tips that are in the repository: a name that git does not know would end its whole walk. */
export async function presentTips(repository: string, tips: Iterable<string>): Promise<Set<string>> {
  const all = new Set(tips);
  for (const oid of await missingObjects(repository, [...all])) all.delete(oid);
  return all;
}
