import type { IncomingMessage } from 'node:http';

/**
 * Whether a request that changes something may be one of our own pages', by what browsers say of where it comes from
 * and pages cannot forge. Clients that are no browsers say nothing.
 *
 * @param publicUrl the mirror's own base URL; unknown: what the browser itself has called it is compared
 */
export function isOwnRequest(
  { headers }: Pick<IncomingMessage, 'headers'>,
  publicUrl: string | undefined,
): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin } = headers;
  if (origin === undefined) return true;
  if (publicUrl !== undefined) return origin === new URL(publicUrl).origin;
  // The edge passes on what the browser has asked for, and lets nobody else say so.
  const host = String(headers['x-forwarded-host'] ?? headers.host ?? '');
  return host !== '' && [`http://${host}`, `https://${host}`].includes(origin);
}
