import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { LINK_PATH } from './link-url.js';

const NAME = 'antipode_link';
const VALUE = /^[A-Za-z0-9_-]{43}$/;

/** The random name of a browser; only its hash is ever kept. */
export const newBrowser = (): string => randomBytes(32).toString('base64url');

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** The browser's name from its cookie; undefined where it has none that we could have given. */
export function readBrowser({ headers }: IncomingMessage): string | undefined {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === NAME && value !== undefined && VALUE.test(value)) return value;
  }
  return undefined;
}

/**
 * Lax rather than Strict: the browser comes back from the primary by a link of another site, and must be known then.
 *
 * @param seconds 0 takes the cookie away
 */
export function writeBrowser(browser: string, seconds: number, transport: 'https' | 'http'): string {
  const secure = transport === 'https' ? '; Secure' : '';
  return `${NAME}=${browser}; Path=${LINK_PATH}; Max-Age=${Math.floor(seconds)}; HttpOnly; SameSite=Lax${secure}`;
}
