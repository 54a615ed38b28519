import type { RepositoryPath } from '@antipode/domain';
import type { BatchResponse, LfsObject } from '@antipode/lfs-wire';

/** What we ask of the host's LFS server. Spec: git-lfs docs/api. */
export interface PrimaryLfs {
  /** The LFS server of a repository, without a slash at its end: "https://bitbucket.org/acme/widget.git/info/lfs". */
  url(path: RepositoryPath): string;

  /**
   * Asks where objects can be fetched from or sent to. Only what was asked for comes back; an object that the host
   * forgot to mention is absent from the answer.
   *
   * Must not follow redirects, must bound what it reads.
   *
   * @throws AntipodeError `unauthenticated`, `denied`, `not_found`, `unsupported` (no LFS there), `too_large`,
   *   `invalid` (the host takes none of the objects), `primary_limited` (`retryAfter` in its context as the host wrote
   *   it), `primary_unavailable`, `primary_misbehaved`, `cancelled` when `signal` aborts. The hint of a refusal is the
   *   host's own sentence.
   */
  batch(question: LfsQuestion, signal?: AbortSignal): Promise<BatchResponse>;
}

export interface LfsQuestion {
  readonly path: RepositoryPath;
  /** The whole header; undefined for an anonymous caller. */
  readonly authorization: string | undefined;
  readonly operation: 'download' | 'upload';
  readonly objects: readonly LfsObject[];
  /** The ref that the objects belong to ("refs/heads/main"), where it is known. */
  readonly ref?: string | undefined;
}
