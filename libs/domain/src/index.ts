export { parseFreshness, writeFreshness, type FreshnessPolicy } from './freshness.js';
export { type GitService, isGitService } from './git-service.js';
export { type MirrorPhase, type SyncProgress, type SyncStep } from './mirror-state.js';
export { isOid, NULL_OID, type Oid } from './oid.js';
export { parseOutagePolicy, type OutagePolicy } from './outage-policy.js';
export { type LfsPrefetch, type SelectedRepository } from './repository.js';
export { isRepositoryId, type RepositoryId, type RepositoryPath } from './repository-id.js';
export { type Right } from './right.js';
