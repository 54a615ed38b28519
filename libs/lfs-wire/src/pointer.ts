import { isLfsSize, type LfsObject } from './lfs-object.js';

/** "Pointer files must be less than 1024 bytes in size." */
export const LONGEST_POINTER = 1023;

/** The second is from before the project had its name. */
const VERSIONS: ReadonlySet<string> = new Set([
  'version https://git-lfs.github.com/spec/v1',
  'version https://hawser.github.com/spec/v1',
]);
const EXTENSION = /^ext-\d-\S+ sha256:[0-9a-f]{64}$/;
const OID = /^oid sha256:([0-9a-f]{64})$/;
const SIZE = /^size (\d{1,16})$/;

/**
 * What a pointer file stands for; undefined for any other file. Spec: git-lfs docs/spec.md.
 *
 * As tolerant as git-lfs: the last line feed may be missing and lines may end in CR LF; the order of the keys may not vary.
 */
export function readPointer(content: Buffer): LfsObject | undefined {
  // Most files are no pointers: one look at the beginning settles it.
  if (content.length > LONGEST_POINTER || !content.subarray(0, 8).equals(BEGINNING)) return undefined;
  const [version = '', ...lines] = content.toString('utf8').trimEnd().split(/\r?\n/);
  if (!VERSIONS.has(version)) return undefined;
  const [oidLine = '', sizeLine = '', ...more] = lines.filter((line) => !EXTENSION.test(line));
  const oid = OID.exec(oidLine)?.[1];
  const size = Number(SIZE.exec(sizeLine)?.[1] ?? Number.NaN);
  if (oid === undefined || !isLfsSize(size) || more.length > 0) return undefined;
  return { oid, size };
}

export const writePointer = ({ oid, size }: LfsObject): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`;

const BEGINNING = Buffer.from('version ');
