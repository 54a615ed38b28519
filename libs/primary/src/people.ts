import type { RepositoryId } from '@antipode/domain';
import type { PrimaryAccount } from './oauth.js';
import type { ConnectionCredential } from './primary.js';

/**
 * What the host says of a person, to a credential of that person's own: an OAuth access token (`token` alone), or an API
 * token with its owner's e-mail.
 *
 * All of it @throws AntipodeError `unauthenticated` where the host does not know the credential; `denied` where it is
 * no person's, or may not tell (the hint is a sentence for the person); `primary_*`, `cancelled`.
 */
export interface People {
  /**
   * The credential in a caller's Authorization header, byte for byte as it came. Asks nobody.
   *
   * @throws AntipodeError `unauthenticated` where it cannot be read, `denied` where it can be no person's.
   */
  readCredential(authorization: string): ConnectionCredential;

  /** Whose credential it is. */
  identify(credential: ConnectionCredential, signal?: AbortSignal): Promise<PrimaryAccount>;

  /** The workspaces that the person belongs to, in the host's order; bounded. */
  workspaces(credential: ConnectionCredential, signal?: AbortSignal): Promise<Membership[]>;

  /** What the person is in one workspace, by its name or its id in braces. A workspace that is not there has only strangers. */
  roleIn(credential: ConnectionCredential, workspace: string, signal?: AbortSignal): Promise<WorkspaceRole>;

  /**
   * Repositories of a workspace that the person was given a right to; those that are public for everybody may be
   * missing. A stranger has none. Bounded: whoever has more sees the first ones.
   */
  readable(
    credential: ConnectionCredential,
    workspace: string,
    signal?: AbortSignal,
  ): Promise<RepositoryId[]>;
}

export type WorkspaceRole = 'administrator' | 'member' | 'stranger';

export interface Membership {
  readonly slug: string;
  readonly role: Exclude<WorkspaceRole, 'stranger'>;
}
