import type { IncomingMessage } from 'node:http';
import { relativeTarget, type Route } from './routes.js';

/**
 * Where one of the mirror's own requests goes: path and query, without dots to walk elsewhere. "//host/x" and absolute
 * targets choose no other host. Whoever decides by the path must decide by this one, because this one is sent on.
 */
export function ownTarget({ url = '/' }: Pick<IncomingMessage, 'url'>): URL {
  return new URL(`/${relativeTarget(url).replace(/^[/\\]+/, '')}`, 'http://own');
}

/** What the registry and auth show outside, and nothing else: dots must not lead to what they show to nobody. */
export const isOwnPath = (pathname: string): boolean => /^\/(?:-(?:\/|$)|rest\/|status$)/.test(pathname);

/**
 * What every network may ask. Webhooks come from the primary, and are signed; whether a mirror is well, which its siblings
 * and whoever balances load ask, is told to all.
 */
export function isForEverybody(request: IncomingMessage, { name }: Route): boolean {
  if (name !== 'own') return false;
  const { pathname } = ownTarget(request);
  if (pathname.startsWith('/-/webhooks/')) return true;
  return pathname === '/-/api/v1/health' && (request.method === 'GET' || request.method === 'HEAD');
}

/** auth's pages: `/-/link` and everything below it. */
export const isLinkPath = (pathname: string): boolean => /^\/-\/link(?:\/|$)/.test(pathname);
