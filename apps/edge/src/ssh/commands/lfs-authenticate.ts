import type { KeyObject } from 'node:crypto';
import { AntipodeError } from '@antipode/errors';
import { writeLfsToken, type LfsOperation, type TokenBearer } from '../../lfs/lfs-token.js';
import type { Session } from '../../session/hallway.js';
import { writeAll } from '../channel-output.js';
import type { Conversation } from '../conversation.js';

export interface LfsAuthenticateOptions {
  /** This mirror's base over HTTP, without a slash at its end. */
  readonly publicUrl: string;
  readonly tokenKey: KeyObject;
}

/** Longer than a batch and its transfers need to begin; then git-lfs asks again. */
const TOKEN_SECONDS = 900;

/**
 * Tells git-lfs where the LFS API is, and by what it shows there who it is; resolves to the exit status.
 * Spec: git-lfs docs/api/server-discovery.md, "SSH".
 */
export type LfsAuthenticate = (
  conversation: Conversation,
  session: Session,
  operation: LfsOperation,
) => Promise<number>;

export const openLfsAuthenticate =
  ({ publicUrl, tokenKey }: LfsAuthenticateOptions): LfsAuthenticate =>
  async ({ stdout }, session, operation) => {
    const { id, path } = session.repository;
    const expiresAt = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
    const token = { bearer: bearerOf(session), repositoryId: id, operation, expiresAt };
    const answer = {
      href: `${publicUrl}/${path}.git/info/lfs`,
      header: { Authorization: writeLfsToken(token, tokenKey) },
      expires_in: TOKEN_SECONDS,
    };
    await writeAll(stdout, `${JSON.stringify(answer)}\n`);
    return 0;
  };

/** What an agent may read is the primary's answer of this moment; later nobody can ask for it again. */
function bearerOf({ caller, repository }: Session): TokenBearer {
  switch (caller.kind) {
    case 'holder':
      return { kind: 'holder', holder: caller.holder };
    case 'agent':
      return { kind: 'agent', path: repository.path };
    case 'anonymous':
    case 'credential':
      throw new AntipodeError('internal', 'giving a token to somebody who came in without a key');
  }
}
