import type { FreshnessPolicy } from './freshness.js';
import type { RepositoryId, RepositoryPath } from './repository-id.js';

/** A repository that this mirror was told to mirror. */
export interface SelectedRepository {
  readonly id: RepositoryId;
  readonly path: RepositoryPath;
  /** The primary lets anonymous callers read it. */
  readonly public: boolean;
  /** Absent where the primary has no projects. */
  readonly projectKey?: string;
  /** Absent: the mirror's default. */
  readonly freshness?: FreshnessPolicy;
  /** Whether its large files are brought before anybody asks for them; absent: they are. */
  readonly lfsPrefetch?: LfsPrefetch;
}

/** off: large files are noted, and brought when somebody asks for them. */
export type LfsPrefetch = 'on' | 'off';
