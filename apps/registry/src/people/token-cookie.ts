import type { IncomingMessage } from 'node:http';
import type { Transport } from '@antipode/web-pages';

/**
 * A cookie of its own, beside that of the browser: whoever shows the admin token stays the person that they signed in
 * as, and the value is a new one, which nobody can have planted.
 */
const NAMES: Record<Transport, string> = { https: '__Host-antipode-token', http: 'antipode-token' };
const VALUE = /^[A-Za-z0-9_-]{43}$/;

/** The page session of the admin token, as the browser names it. */
export function readTokenCookie({ headers }: IncomingMessage, transport: Transport): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === NAMES[transport] && value !== undefined && VALUE.test(value)) return value;
  }
  return undefined;
}

/** A `Set-Cookie` header. @param seconds 0 takes the cookie away */
export function writeTokenCookie(value: string, seconds: number, transport: Transport): string {
  const secure = transport === 'https' ? '; Secure' : '';
  // Lax: whoever comes back from signing in at the primary comes from another site.
  return `${NAMES[transport]}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
}
