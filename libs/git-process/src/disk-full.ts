import { AntipodeError } from '@antipode/errors';

/**
 * The one place that reads git's words: it has no other way to tell of a full disk, it has freed its
 * temporary files by the time it ends, and LC_ALL=C keeps the words as they are in strerror(3).
 *
 * @throws AntipodeError `disk_full` where git ended for want of space.
 */
export function requireDiskSpace(stderr: string, doing: string): void {
  if (!/No space left on device|Disk quota exceeded/.test(stderr)) return;
  throw new AntipodeError('disk_full', doing, {}, { hint: 'The disk of this mirror is full.' });
}
