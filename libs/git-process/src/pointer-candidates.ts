import { Transform } from 'node:stream';
import { LONGEST_POINTER } from '@antipode/lfs-wire';

/** Version line, "oid sha256:" and 64 digits, "size 0": nothing shorter can be a pointer. Spec: git-lfs docs/spec.md. */
export const SHORTEST_POINTER = 'version https://hawser.github.com/spec/v1\n'.length + 76 + 'size 0'.length;

const LINE = /^blob (\d{1,4}) ([0-9a-f]+)$/;

/**
 * Turns a list of objects into names of those whose size may be a pointer's.
 *
 * @param lines names: of small files, taken as they are; described: "type size name" of anything at all.
 */
export function pointerCandidates(lines: 'names' | 'described'): Transform {
  let pending = '';
  return new Transform({
    transform(chunk: Buffer, _, done) {
      if (lines === 'names') return done(null, chunk);
      const all = (pending + chunk.toString('latin1')).split('\n');
      pending = all.pop() ?? '';
      done(null, all.map(candidate).join(''));
    },
  });
}

function candidate(line: string): string {
  // Most lines are commits, trees and larger files: the cheap looks first.
  if (!line.startsWith('blob ')) return '';
  const [, size, oid = ''] = LINE.exec(line) ?? [];
  return Number(size) >= SHORTEST_POINTER && Number(size) <= LONGEST_POINTER ? `${oid}\n` : '';
}
