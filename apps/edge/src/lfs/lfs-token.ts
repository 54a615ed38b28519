import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { auth } from '@antipode/contracts';
import type { RepositoryId, RepositoryPath, SelectedRepository } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';

/**
 * What somebody who came in over SSH shows at the HTTP door, on LFS' routes only: who that is, and for which repository
 * and operation. What a holder may do is asked anew each time; what an agent's keys may read cannot be, and so stands for
 * as long as the token does.
 */
export interface LfsToken {
  readonly bearer: TokenBearer;
  readonly repositoryId: RepositoryId;
  readonly operation: LfsOperation;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export type LfsOperation = 'download' | 'upload';

export type TokenBearer =
  | { readonly kind: 'holder'; readonly holder: auth.KeyHolder }
  /** Read the primary's yes to an agent, for this path; it can never become more. */
  | { readonly kind: 'agent'; readonly path: RepositoryPath };

const SCHEME = 'Bearer antipode-lfs.';
/** A path is the longest part of it. */
const LONGEST = 8192;

/** The key of these tokens: nothing else that is made with the house's secret can be taken for one. */
export const openLfsTokenKey = (secretKeyHex: string): KeyObject =>
  createSecretKey(
    createHmac('sha256', Buffer.from(secretKeyHex, 'hex'))
      .update('antipode lfs token of the ssh door')
      .digest(),
  );

/** Whether an Authorization header claims to be one of ours; a closer look is `readLfsToken`'s. */
export const isLfsToken = (authorization: string): boolean => authorization.startsWith(SCHEME);

/** The value of an Authorization header. */
export function writeLfsToken(token: LfsToken, key: KeyObject): string {
  const payload = Buffer.from(JSON.stringify(token)).toString('base64url');
  return `${SCHEME}${payload}.${sign(payload, key).toString('base64url')}`;
}

/** @throws AntipodeError `unauthenticated` where it is none of ours, was changed, or its time is over. */
export function readLfsToken(authorization: string, key: KeyObject, nowMs: number): LfsToken {
  const [payload = '', signature = '', ...more] = authorization.slice(SCHEME.length).split('.');
  const shown = Buffer.from(signature, 'base64url');
  const right = sign(payload, key);
  if (
    !isLfsToken(authorization) ||
    authorization.length > LONGEST ||
    more.length > 0 ||
    shown.length !== right.length ||
    !timingSafeEqual(shown, right)
  )
    throw noToken();
  // It is as we wrote it.
  const token = JSON.parse(Buffer.from(payload, 'base64url').toString()) as LfsToken;
  if (token.expiresAt * 1000 <= nowMs) throw noToken();
  return token;
}

/**
 * Whether a token is good for this repository. An agent's yes was one to a path: where that path has become another
 * repository's, or the repository's path another, nobody has said yes.
 */
export const isTokenFor = (
  { repositoryId, bearer }: LfsToken,
  { id, path }: Pick<SelectedRepository, 'id' | 'path'>,
): boolean => repositoryId === id && (bearer.kind !== 'agent' || bearer.path === path);

const sign = (payload: string, key: KeyObject): Buffer => createHmac('sha256', key).update(payload).digest();

const noToken = (): AntipodeError => new AntipodeError('unauthenticated', 'reading a token for LFS');
