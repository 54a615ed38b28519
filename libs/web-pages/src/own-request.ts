import type { IncomingMessage } from 'node:http';

/**
 * Whether a request that changes something may be one of our own pages', by what browsers say of where it comes from
 * and pages cannot forge. Clients that are no browsers say nothing.
 *
 * @param publicUrl the mirror's own base URL; unknown: no origin can be compared
 */
export function isOwnRequest(
  { headers }: Pick<IncomingMessage, 'headers'>,
  publicUrl: string | undefined,
): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin } = headers;
  return origin === undefined || publicUrl === undefined || origin === new URL(publicUrl).origin;
}
