import { createHmac, timingSafeEqual } from 'node:crypto';

/** Where forms carry the token. */
export const CSRF_FIELD = 'csrf';
/** Where calls of scripts carry it. Lower case, as node:http has headers. */
export const CSRF_HEADER = 'x-antipode-csrf';

/**
 * The token of whatever a browser is shown that changes something: an HMAC of the browser's name, the same from every
 * service of the mirror.
 *
 * @param secretKey the mirror's own key, in hex
 */
export const csrfToken = (secretKey: string, browser: string): string =>
  // The purpose is part of what is signed: no name of another kind can be used as a token.
  createHmac('sha256', Buffer.from(secretKey, 'hex')).update(`form\0${browser}`).digest('base64url');

/** Whether this browser was given this token; takes as long for every wrong one. */
export function isCsrfToken(secretKey: string, browser: string, given: string): boolean {
  const [theirs, ours] = [Buffer.from(given), Buffer.from(csrfToken(secretKey, browser))];
  return theirs.length === ours.length && timingSafeEqual(theirs, ours);
}
