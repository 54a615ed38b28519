import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** How the mirror is reached; decides name and flags of the cookie. */
export type Transport = 'https' | 'http';

/** Browsers take a `__Host-` cookie only from the very host, over https, for all paths: no neighbour can plant one. */
const NAMES: Record<Transport, string> = { https: '__Host-antipode', http: 'antipode' };
const VALUE = /^[A-Za-z0-9_-]{43}$/;

/** @param publicUrl the mirror's own base URL; without one nobody promised https */
export const transportOf = (publicUrl: string | undefined): Transport =>
  publicUrl?.startsWith('https:') ? 'https' : 'http';

/** The random name of a browser: 32 bytes in base64url. Only its hash is ever kept. */
export const newBrowser = (): string => randomBytes(32).toString('base64url');

/** SHA-256 in hex: what is kept of a secret that nobody can guess. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** The browser's name from its cookie; undefined where it has none that we could have given. */
export function readBrowser(
  { headers }: Pick<IncomingMessage, 'headers'>,
  transport: Transport,
): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === NAMES[transport] && value !== undefined && VALUE.test(value)) return value;
  }
  return undefined;
}

/**
 * The `Set-Cookie` header that names a browser until it is closed; how long a session lives is the server's to say.
 *
 * Lax rather than Strict: the browser comes back from the primary by a link of another site, and must be known then.
 */
export function writeBrowser(browser: string, transport: Transport): string {
  const secure = transport === 'https' ? '; Secure' : '';
  return `${NAMES[transport]}=${browser}; Path=/; HttpOnly; SameSite=Lax${secure}`;
}
