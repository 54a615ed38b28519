import type { z } from 'zod';
import { isCode } from '@antipode/errors';
import { NO_LFS, shortest, type LfsStateRow } from '../lfs-states/lfs-state.js';
import { TITLE } from '../rest/problem.js';
import type { repositorySchema } from '../rest/schemas.js';
import { summariseVerifications, worst, type SyncStateRow } from '../sync-states/sync-state.js';
import type { ListedRepository } from './list-repositories.js';
import type { States } from './repository-states.js';
import type { RepositoryUrls } from './repository-urls.js';

export type RepositoryAnswer = z.infer<typeof repositorySchema>;
type StateAnswer = Omit<RepositoryAnswer['nodes'][number], 'node' | 'reportedAt' | 'lfs'>;

/** A repository as REST, pages and live news tell of it. */
export const describeRepository = (
  repository: ListedRepository,
  { sync, lfs }: States,
  cloneUrls: RepositoryUrls,
): RepositoryAnswer => ({
  ...repository,
  ...summarise(sync),
  lfs: describeLfs(shortest(lfs)),
  cloneUrls,
  pushUrl: cloneUrls.primary.https,
  nodes: sync.map((state) => ({
    node: state.node,
    reportedAt: state.reportedAt.toISOString(),
    ...describeState(state),
    lfs: describeLfs(lfs.find(({ node }) => node === state.node)),
  })),
});

/** Without what is the administrators' business: our nodes, and errors in other words than their code's own. */
export const asOthersSee = (answer: RepositoryAnswer): RepositoryAnswer => ({
  ...answer,
  error: plain(answer.error),
  verification: null,
  lfs: { ...answer.lfs, error: plain(answer.lfs.error) },
  nodes: [],
});

/** An error in the words of its code. */
export const plain = (error: RepositoryAnswer['error']): RepositoryAnswer['error'] =>
  error && { code: error.code, message: isCode(error.code) ? TITLE[error.code] : TITLE.internal };

function describeLfs(state: LfsStateRow | undefined): RepositoryAnswer['lfs'] {
  const { objects, bytes, missing, missingBytes, error } = state ?? NO_LFS;
  return { objects, bytes, missing, missingBytes, error };
}

const NOTHING_REPORTED: StateAnswer = {
  phase: 'absent',
  progress: null,
  epoch: 0,
  confirmedAt: null,
  lagSeconds: null,
  error: null,
  sizeBytes: 0,
  receivedBytesTotal: 0,
  verifiedAt: null,
  verification: null,
};

/** All nodes in one: the state that needs attention first, and what they received together. */
function summarise(states: readonly SyncStateRow[]): StateAnswer {
  const first = worst(states);
  if (!first) return NOTHING_REPORTED;
  return {
    ...describeState({ ...first, ...summariseVerifications(states) }),
    receivedBytesTotal: states.reduce((sum, state) => sum + state.receivedBytesTotal, 0),
  };
}

function describeState({
  phase,
  progress,
  epoch,
  confirmedAt,
  error,
  sizeBytes,
  receivedBytesTotal,
  verification,
  verifiedAt,
}: SyncStateRow): StateAnswer {
  return {
    phase,
    progress,
    epoch,
    confirmedAt: confirmedAt?.toISOString() ?? null,
    lagSeconds: confirmedAt ? Math.max(0, Math.round((Date.now() - confirmedAt.getTime()) / 100) / 10) : null,
    error,
    sizeBytes,
    receivedBytesTotal,
    verifiedAt: verifiedAt?.toISOString() ?? null,
    verification: verification && { ...verification, at: verification.at.toISOString() },
  };
}
