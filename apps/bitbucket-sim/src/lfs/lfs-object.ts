/** A large file, as LFS names it. */
export interface LfsObject {
  /** SHA-256, 64 lower-case hex digits. */
  readonly oid: string;
  /** In bytes. */
  readonly size: number;
}

export const isOid = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

export const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && Number(size) >= 0;

/** What git keeps instead of the large file. Spec: git-lfs docs/spec.md. */
export const pointerTo = ({ oid, size }: LfsObject): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`;
