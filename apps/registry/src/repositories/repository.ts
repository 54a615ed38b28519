import type { LfsPrefetch, RepositoryId, RepositoryPath } from '@antipode/domain';

/** How we came to know a repository; decides who may take it away again. */
export type Origin = 'discovery' | 'configured' | 'learnt';

/**
 * vanished: the primary no longer names it. deselected: it is there, but nobody wants it mirrored. disconnected: the
 * mirror has let go of the whole workspace.
 */
export type RemovedWhy = 'vanished' | 'deselected' | 'disconnected';

/** What we remember of a repository of the primary. */
export interface RepositoryFacts {
  readonly id: RepositoryId;
  readonly path: RepositoryPath;
  readonly name: string;
  /** Empty where the primary has no projects. */
  readonly projectKey: string;
  readonly public: boolean;
  readonly sizeBytes: number;
  /** The primary's own word for when it last changed; only ever compared for equality. */
  readonly updatedOn: string;
}

/** As the table has it. */
export interface KnownRepository extends RepositoryFacts {
  readonly origin: Origin;
  readonly removed: boolean;
}

/** What watchers are told of. */
export interface FeedRow {
  readonly id: RepositoryId;
  readonly path: RepositoryPath;
  readonly projectKey: string;
  readonly public: boolean;
  /** The project's own policy as written in libs/domain; empty: the mirror's default. */
  readonly freshness: string;
  /** The project's own word on large files; empty: the mirror's default. */
  readonly lfsPrefetch: LfsPrefetch | '';
  readonly removed: boolean;
  readonly version: bigint;
}
