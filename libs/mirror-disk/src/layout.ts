import { join } from 'node:path';
import { AntipodeError } from '@antipode/errors';
import { isRepositoryId, type RepositoryId } from '@antipode/domain';

/** Our own files inside a mirror repository; git ignores the folder. */
export const OWN_FOLDER = 'antipode';
export const SNAPSHOT_FILE = 'snapshot';
export const CONFIRMED_FILE = 'confirmed';

const SUFFIX = '.git';
const STAGING = '.git.staging-';
const TRASH = '.git.trash-';

export type Entry =
  | { readonly kind: 'mirror'; readonly id: RepositoryId }
  | { readonly kind: 'staging'; readonly id: RepositoryId }
  | { readonly kind: 'trash'; readonly id: RepositoryId; readonly sinceMs: number };

/**
 * Where a repository lives: a path made of its validated uuid, never of a name that somebody typed.
 *
 * @throws AntipodeError `invalid` for anything but a lower-case uuid.
 */
export function mirrorFolder(root: string, id: RepositoryId): string {
  return join(root, shard(id), `${id}${SUFFIX}`);
}

export const stagingFolder = (root: string, id: RepositoryId, unique: string): string =>
  join(root, shard(id), `${id}${STAGING}${unique}`);

/** The name says since when: deletion waits until no reader can still be in there. */
export const trashFolder = (
  root: string,
  id: RepositoryId,
  trash: { sinceMs: number; unique: string },
): string => join(root, shard(id), `${id}${TRASH}${trash.sinceMs}-${trash.unique}`);

/** What a name inside a shard's folder means; undefined for what is not ours. */
export function readEntryName(name: string): Entry | undefined {
  const id = name.slice(0, 36);
  if (!isRepositoryId(id)) return undefined;
  const rest = name.slice(36);
  if (rest === SUFFIX) return { kind: 'mirror', id };
  if (rest.startsWith(STAGING)) return { kind: 'staging', id };
  const since = /^\.git\.trash-(\d{1,15})-/.exec(rest)?.[1];
  return since === undefined ? undefined : { kind: 'trash', id, sinceMs: Number(since) };
}

function shard(id: RepositoryId): string {
  if (!isRepositoryId(id)) throw new AntipodeError('invalid', 'finding a mirror repository', { id });
  return id.slice(0, 2);
}
