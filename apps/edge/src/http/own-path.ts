import type { IncomingMessage } from 'node:http';
import { relativeTarget } from './routes.js';

/**
 * Where one of the mirror's own requests goes: path and query, without dots to walk elsewhere. "//host/x" and absolute
 * targets choose no other host. Whoever decides by the path must decide by this one, because this one is sent on.
 */
export function ownTarget({ url = '/' }: Pick<IncomingMessage, 'url'>): URL {
  return new URL(`/${relativeTarget(url).replace(/^[/\\]+/, '')}`, 'http://own');
}

/** What the registry and auth show outside, and nothing else: dots must not lead to what they show to nobody. */
export const isOwnPath = (pathname: string): boolean => /^\/(?:-(?:\/|$)|rest\/|status$)/.test(pathname);

/** auth's pages: `/-/link` and everything below it. */
export const isLinkPath = (pathname: string): boolean => /^\/-\/link(?:\/|$)/.test(pathname);
