import type { ByteRange } from '@antipode/blob-store';

/** What a request wants of so many bytes. RFC 9110 §14. */
export type AskedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'none' };

/**
 * Reads a Range header. Several ranges at once, other units and nonsense mean all of it, which a server may always
 * send; `none` is a range that begins behind the end.
 */
export function readRange(header: string | undefined, size: number): AskedRange {
  const found = /^bytes=[ \t]*(\d{0,16})-(\d{0,16})[ \t]*$/i.exec(header ?? '');
  const [, from = '', to = ''] = found ?? [];
  if (!found || (from === '' && to === '')) return { kind: 'whole' };
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(from) > Number(to)) return { kind: 'whole' };
  return first > last ? { kind: 'none' } : { kind: 'part', range: { first, last } };
}
