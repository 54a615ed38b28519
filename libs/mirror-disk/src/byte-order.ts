/**
 * Compares two texts as git does: by their UTF-8 bytes.
 *
 * JavaScript's own order is by UTF-16 code units, which puts U+10000 and above before U+E000..U+FFFF.
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return weight(left) - weight(right);
  }
  return a.length - b.length;
}

/** Moves surrogates (the halves of U+10000 and above) behind all other code units. */
const weight = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
