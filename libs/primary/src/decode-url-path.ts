/**
 * A URL's path as the text that it stands for, decoded exactly once; undefined where two readers could disagree about it.
 *
 * Refused: what is not UTF-8, an encoded slash or backslash (it would make a segment look like two), a "%" that is still
 * there afterwards (somebody encoded twice), control characters.
 */
export function decodeUrlPath(path: string): string | undefined {
  if (/%(?:2f|5c|00)/i.test(path)) return undefined;
  try {
    const decoded = decodeURIComponent(path);
    // eslint-disable-next-line no-control-regex
    return /[%\\\u0000-\u001f\u007f]/.test(decoded) ? undefined : decoded;
  } catch {
    return undefined;
  }
}
