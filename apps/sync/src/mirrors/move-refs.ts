import { join } from 'node:path';
import { gitOk } from '@antipode/git-process';
import { compareBytes, replaceFile, type SnapshotRef } from '@antipode/mirror-disk';
import { listRefs } from './list-refs.js';
import { notePins, pinName } from './pins.js';
import { OWN_NAMESPACE, tipsOf, type RefState } from './ref-state.js';

export interface RefMove {
  /** The published epoch, whose tips a reader may still want. */
  readonly from: RefState;
  readonly to: RefState;
  /** Until when (seconds since 1970) tips that `to` drops stay. */
  readonly pinnedUntil: number;
}

/**
 * Moves a mirror repository's refs to `to`, pins what `from` showed and `to` does not. Compares with what is on disk rather than with `from`: a predecessor may have been killed in between.
 *
 * One transaction, except where a name takes the place of a folder of names or the other way round (main → main/x),
 * which git cannot do in one: then deletions go first. Readers see neither, they read the snapshot.
 */
export async function moveRefs(repository: string, move: RefMove): Promise<void> {
  const present = await listRefs(repository);
  const { deleted, written } = difference(present, move);
  const remove = deleted.map((name) => `delete ${name}\n`);
  const write = written.map(({ name, oid }) => `update ${name} ${oid}\n`);
  const pins = droppedTips(move).map((oid) => `update ${pinName(move.pinnedUntil, oid)} ${oid}\n`);
  if (pins.length > 0) await notePins(repository, move.pinnedUntil);
  if (
    collide(
      deleted,
      written.map(({ name }) => name),
    )
  ) {
    await transaction(repository, [...pins, ...remove]);
    await transaction(repository, write);
  } else {
    await transaction(repository, [...pins, ...remove, ...write]);
  }
  await moveHead(repository, move.to);
  if (written.length >= MANY_LOOSE) await gitOk(repository, { args: ['pack-refs', '--all'] });
}

/** A loose ref is a file that every upload-pack opens; a handful costs nothing, a thousand some 35 ms each time. */
const MANY_LOOSE = 100;

const transaction = async (repository: string, lines: readonly string[]): Promise<void> => {
  if (lines.length > 0)
    await gitOk(repository, { args: ['update-ref', '--no-deref', '--stdin'], input: lines.join('') });
};

function difference(
  present: Map<string, string>,
  { to }: RefMove,
): { deleted: string[]; written: SnapshotRef[] } {
  const wanted = new Set(to.refs.map(({ name }) => name));
  const gone = [...present.keys()].filter((name) => !name.startsWith(OWN_NAMESPACE) && !wanted.has(name));
  return {
    deleted: gone,
    written: to.refs.filter(({ name, oid }) => present.get(name) !== oid),
  };
}

function droppedTips({ from, to }: RefMove): string[] {
  const kept = tipsOf(to);
  return [...tipsOf(from)].filter((oid) => !kept.has(oid));
}

/** True where a written name is a folder of a deleted one, or the other way round. */
export function collide(deleted: readonly string[], written: readonly string[]): boolean {
  const names = [
    ...deleted.map((name) => ({ name, gone: true })),
    ...written.map((name) => ({ name, gone: false })),
  ];
  const gone = new Set(deleted);
  const here = new Set(written);
  return names.some((entry) =>
    foldersOf(entry.name).some((folder) => (entry.gone ? here : gone).has(folder)),
  );
}

function foldersOf(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}

async function moveHead(repository: string, { headTarget, headOid }: RefState): Promise<void> {
  if (headTarget) await gitOk(repository, { args: ['symbolic-ref', 'HEAD', headTarget] });
  else if (headOid) await transaction(repository, [`update HEAD ${headOid}\n`]);
}

/**
 * The refs of a repository that nobody reads yet, as one packed file: a file per ref would take minutes for a
 * hundred thousand. gitrepository-layout(5), git-pack-refs(1).
 */
export async function writeFirstRefs(repository: string, refs: RefState): Promise<void> {
  const lines = [...refs.refs]
    .sort((a, b) => compareBytes(a.name, b.name))
    .map(({ name, oid, peeled }) => (peeled ? `${oid} ${name}\n^${peeled}\n` : `${oid} ${name}\n`));
  await replaceFile(
    join(repository, 'packed-refs'),
    `# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`,
  );
  await moveHead(repository, refs);
}
