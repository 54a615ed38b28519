import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError } from '@antipode/errors';

/**
 *   <root>/objects/<2 hex>/<2 hex>/<oid>   whole and verified
 *   <root>/incoming/…                      on its way in; moved by rename
 */
export const objectsFolder = (root: string): string => join(root, 'objects');
export const incomingFolder = (root: string): string => join(root, 'incoming');

const OID = /^[0-9a-f]{64}$/;

export const isOid = (text: string): boolean => OID.test(text);

/** @throws AntipodeError `invalid`: an oid becomes a path or a key, so it must be nothing but an oid. */
export function requireOid(oid: string): void {
  if (!isOid(oid)) throw new AntipodeError('invalid', 'finding an object');
}

/** @throws AntipodeError `invalid` where it is no oid. */
export function blobPath(root: string, oid: string): string {
  requireOid(oid);
  return join(objectsFolder(root), oid.slice(0, 2), oid.slice(2, 4), oid);
}

/**
 * For those who only hand out what is there: the blob's file, open for reading; undefined where it is absent. It can
 * be read to its end though it is removed meanwhile. The caller closes it.
 *
 * @param root of a `DirectoryStore`; nothing else needs to be running.
 * @throws AntipodeError `invalid` where it is no oid.
 */
export const openBlob = (root: string, oid: string): Promise<FileHandle | undefined> =>
  orAbsent(async () => open(blobPath(root, oid), 'r'));

export async function orAbsent<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
