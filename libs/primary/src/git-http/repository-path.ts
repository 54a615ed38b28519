import type { RepositoryPath } from '@antipode/domain';
import { hasReservedName } from '../reserved-names.js';

const LONGEST_PATH_BYTES = 1024;
const LONGEST_SEGMENT_BYTES = 255;
const MOST_SEGMENTS = 20;

/** Letters, marks and digits of any script and the punctuation of names. No spaces, no "%", no invisible characters. */
const SEGMENT = /^[\p{L}\p{M}\p{N}._~+@-]+$/u;

/**
 * "team/Widget" from "team/Widget.git"; undefined where the path is none that we would ask a host for.
 *
 * One or more segments. Case is kept, since the host may care. Text must be in Unicode's composed form (NFC), so that
 * one look has one name.
 */
export function parseGitHttpPath(path: string): RepositoryPath | undefined {
  const bare = path.replace(/\.git$/, '');
  const segments = bare.split('/');
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES || segments.length > MOST_SEGMENTS) return undefined;
  if (path !== path.normalize('NFC') || /\.git$/i.test(bare)) return undefined;
  const plain = segments.every(
    (segment) => SEGMENT.test(segment) && Buffer.byteLength(segment) <= LONGEST_SEGMENT_BYTES,
  );
  return plain && !hasReservedName(segments) ? bare : undefined;
}
