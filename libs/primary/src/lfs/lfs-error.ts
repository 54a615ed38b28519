import type { Dispatcher } from 'undici';
import { AntipodeError, type Code } from '@antipode/errors';

export const DOING = "asking the primary's LFS server";

/** Git LFS, docs/api/batch.md, "Response Errors"; and what hosts without LFS say to a POST at a strange place. */
const CODES: Readonly<Record<number, Code>> = {
  401: 'unauthenticated',
  403: 'denied',
  404: 'not_found',
  405: 'unsupported',
  406: 'unsupported',
  410: 'not_found',
  413: 'too_large',
  415: 'unsupported',
  422: 'invalid',
  429: 'primary_limited',
  501: 'unsupported',
  // No room is left for this account there: only its owner can help.
  507: 'denied',
  // The bandwidth of this account is used up.
  509: 'primary_limited',
};

const LONGEST_HINT = 300;

/** An answer that is not a good one, as our own error. */
export function lfsError(
  status: number,
  headers: Dispatcher.ResponseData['headers'],
  body: Buffer,
): AntipodeError {
  const code = CODES[status] ?? (status >= 500 ? 'primary_unavailable' : 'primary_misbehaved');
  const retryAfter = String(headers['retry-after'] ?? '');
  const message = code === 'primary_unavailable' ? '' : messageOf(body);
  const options = message === '' ? {} : { hint: `The primary says: ${message}` };
  return new AntipodeError(code, DOING, { status, ...(retryAfter ? { retryAfter } : {}) }, options);
}

/** One line without control characters: it goes to somebody's terminal. A page of HTML has none. */
function messageOf(body: Buffer): string {
  try {
    const { message } = JSON.parse(body.toString()) as { message?: unknown };
    if (typeof message !== 'string') return '';
    return message
      .replace(/[\p{C}\s]+/gu, ' ')
      .trim()
      .slice(0, LONGEST_HINT);
  } catch {
    return '';
  }
}
