import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RepositoryId } from '@antipode/domain';

/** Clients follow a link at once, and without their credentials. */
const VALID_MS = 300_000;

/**
 * What lets whoever has a link see where one repository can be cloned, for a few minutes; to clone it they need their own
 * right to it. Data Center calls this "pre-authorised".
 */
export function signLink(id: RepositoryId, secretKey: string, now = Date.now()): string {
  const until = (now + VALID_MS).toString(36);
  return `${until}.${mac(id, until, secretKey)}`;
}

export function isSignedLink(id: RepositoryId, text: unknown, secretKey: string, now = Date.now()): boolean {
  const [, until, given] = /^([0-9a-z]{1,12})\.([\w-]{43})$/.exec(typeof text === 'string' ? text : '') ?? [];
  if (until === undefined || given === undefined || Number.parseInt(until, 36) < now) return false;
  return timingSafeEqual(Buffer.from(given), Buffer.from(mac(id, until, secretKey)));
}

const mac = (id: RepositoryId, until: string, secretKey: string): string =>
  createHmac('sha256', Buffer.from(secretKey, 'hex'))
    .update(`link to where a repository is\0${id}\0${until}`)
    .digest('base64url');
