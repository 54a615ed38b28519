import type { RepositoryId } from '@antipode/domain';

/** How many of a repository's large files are here, and how many are not. */
export interface LfsCounts {
  readonly objects: number;
  readonly bytes: number;
  readonly missing: number;
  readonly missingBytes: number;
  /** Why the latest of the missing ones could not be had. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** The same, on one node. */
export interface LfsStateRow extends LfsCounts {
  readonly repositoryId: RepositoryId;
  readonly node: string;
  readonly reportedAt: Date;
}

/** Where nothing was reported: most repositories have no large files. */
export const NO_LFS: LfsCounts = { objects: 0, bytes: 0, missing: 0, missingBytes: 0, error: null };

/** The one state that stands for a repository's nodes: what needs attention first; undefined where none has reported. */
export function shortest<Counts extends LfsCounts>(rows: readonly Counts[]): Counts | undefined {
  return [...rows].sort((a, b) => b.missing - a.missing || a.objects - b.objects)[0];
}
