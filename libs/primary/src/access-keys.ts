import type { RepositoryPath } from '@antipode/domain';
import type { ConnectionCredential } from './primary.js';

/** SSH keys that belong to a repository or a project instead of a person ("deploy keys"); they only read. */
export interface AccessKeys {
  /** @throws AntipodeError `unauthenticated`, `denied` (the connection may not list them), `not_found`, `primary_*`. */
  ofRepository(
    credential: ConnectionCredential,
    path: RepositoryPath,
    signal?: AbortSignal,
  ): Promise<AccessKey[]>;

  /** @throws AntipodeError like `ofRepository`. */
  ofProject(credential: ConnectionCredential, projectKey: string, signal?: AbortSignal): Promise<AccessKey[]>;
}

export interface AccessKey {
  /** The primary's own id, unique within the repository or project. */
  readonly id: string;
  /** SSH's wire format (RFC 4253, 6.6). */
  readonly publicKey: Buffer;
  /** What its owner calls it; may be ''. */
  readonly label: string;
}
