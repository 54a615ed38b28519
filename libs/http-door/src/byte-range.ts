/** Both ends belong to it. RFC 9110 §14.1.2. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What a Range header asks of something with that many bytes. RFC 9110 §14.2. */
export type AskedRange =
  /** No range, several, or nonsense: all of it is a good answer to each. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: AskedRange = { kind: 'whole' };
const UNSATISFIABLE: AskedRange = { kind: 'unsatisfiable' };

/** @param size in bytes */
export function parseRange(header: string | undefined, size: number): AskedRange {
  const found = /^bytes=[\t ]*(\d{0,16})-(\d{0,16})[\t ]*$/i.exec(header ?? '');
  if (!found) return WHOLE;
  const [, from = '', to = ''] = found;
  if (from === '') return to === '' ? WHOLE : suffix(Number(to), size);
  const first = Number(from);
  const last = to === '' ? Infinity : Number(to);
  if (first > last) return WHOLE;
  if (first >= size) return UNSATISFIABLE;
  return { kind: 'part', range: { first, last: Math.min(last, size - 1) } };
}

/** "bytes=-5": the last five. */
const suffix = (length: number, size: number): AskedRange =>
  length === 0 || size === 0
    ? UNSATISFIABLE
    : { kind: 'part', range: { first: Math.max(0, size - length), last: size - 1 } };
