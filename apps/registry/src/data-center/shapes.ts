import type { RegistryConfig } from '../config.js';
import type { ConnectionPhase } from '../connection/connection-phase.js';
import { links, numberOf } from '../outgoing/event-body.js';
import type { RepositoryAnswer } from '../repositories/describe-repository.js';
import type { ListedMirror } from '../siblings/mirrors.js';
import { mirrorId } from '../siblings/this-mirror.js';

/** Things as Bitbucket Data Center's REST shows them. Its clients read "links.clone" (older) or "cloneUrls". */

type Status = 'NOT_MIRRORED' | 'INITIALIZING' | 'AVAILABLE' | 'ERROR_INITIALIZING' | 'ERROR_AVAILABLE';

export function statusOf({ phase, epoch }: Pick<RepositoryAnswer, 'phase' | 'epoch'>): Status {
  switch (phase) {
    case 'ready':
    case 'syncing':
      return 'AVAILABLE';
    case 'failing':
      return epoch > 0 ? 'ERROR_AVAILABLE' : 'ERROR_INITIALIZING';
    case 'absent':
    case 'cloning':
      return 'INITIALIZING';
    case 'removed':
      return 'NOT_MIRRORED';
  }
}

const AVAILABLE: readonly Status[] = ['AVAILABLE', 'ERROR_AVAILABLE'];

export function mirroredRepository(repository: RepositoryAnswer, mirrorName: string): object {
  const { id, confirmedAt, cloneUrls } = repository;
  const status = statusOf(repository);
  const [clone, push] = [links(cloneUrls), links(cloneUrls.primary)];
  return {
    repositoryId: String(numberOf(id)),
    externalRepositoryId: id,
    mirrorName,
    available: AVAILABLE.includes(status),
    status,
    lastUpdated: momentOf(confirmedAt),
    cloneUrls: clone,
    pushUrls: push,
    links: { clone, push },
  };
}

export const mirrorServer = (
  { id, name, url, state, checkedAt }: ListedMirror,
  type: 'SINGLE' | 'FARM',
): object => ({
  id,
  name,
  baseUrl: url ?? '',
  enabled: state === 'available',
  lastSeenDate: momentOf(checkedAt),
  mirrorType: type,
  productVersion: 'Antipode',
});

/** The primary, as a mirror of Data Center names its "upstream". */
export function upstreamOf({ PRIMARY_GIT_URL }: Pick<RegistryConfig, 'PRIMARY_GIT_URL'>): {
  id: string;
  baseUrl: string;
} {
  const baseUrl = PRIMARY_GIT_URL ?? 'https://bitbucket.org';
  return { id: mirrorId(baseUrl), baseUrl };
}

/** How Data Center calls the tie between a mirror and its primary. */
export const UPSTREAM_STATE: Record<ConnectionPhase, string> = {
  unconnected: 'PENDING',
  connecting: 'INITIALIZING',
  connected: 'INSTALLED',
  suspended: 'UNKNOWN',
  disconnecting: 'REMOVED',
};

/** Milliseconds since 1970. */
const momentOf = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso));
