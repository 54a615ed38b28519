import { createHash, timingSafeEqual } from 'node:crypto';

/** The token of an Authorization header that has one. */
export const readBearer = (authorization: string): string | undefined =>
  /^Bearer ([^\s]{1,512})$/i.exec(authorization)?.[1];

/** In constant time, for texts of any length. */
export function isSameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
