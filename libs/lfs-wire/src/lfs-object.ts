/** A large file as LFS names it. */
export interface LfsObject {
  /** SHA-256 of its bytes: 64 lower-case hex digits. */
  readonly oid: string;
  /** In bytes; an empty file is a file. */
  readonly size: number;
}

export const isLfsOid = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

export const isLfsSize = (size: unknown): size is number =>
  typeof size === 'number' && Number.isSafeInteger(size) && size >= 0;
