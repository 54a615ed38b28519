import { registry } from '@antipode/contracts';
import type { MirrorPhase } from '@antipode/domain';
import type { LfsStateRow } from '../lfs-states/lfs-state.js';
import type { FeedEvent } from '../repositories/repository-feed.js';
import type { FeedRow } from '../repositories/repository.js';
import type { ProjectChoice } from '../selection/selection.js';
import type { SyncStateRow, Verification } from '../sync-states/sync-state.js';

const LONGEST_ERROR = 500;

export function writeEvent(event: FeedEvent): NonNullable<registry.WatchRepositoriesResponse['event']> {
  switch (event.kind) {
    case 'upserted':
      return { $case: 'upserted', value: writeRepository(event.row) };
    case 'removed':
      return { $case: 'removed', value: event.id };
    case 'connection':
      return { $case: 'connection', value: { ...event.news } };
    case 'complete':
      return { $case: 'complete', value: {} };
  }
}

export const writeRepository = ({
  id,
  path,
  projectKey,
  public: isPublic,
  freshness,
  lfsPrefetch,
}: FeedRow): registry.Repository => ({
  id,
  path,
  projectKey,
  public: isPublic,
  freshness,
  lfsPrefetch: PREFETCH[lfsPrefetch],
});

const PREFETCH: Record<FeedRow['lfsPrefetch'], registry.LfsPrefetch> = {
  '': registry.LfsPrefetch.LFS_PREFETCH_UNSPECIFIED,
  on: registry.LfsPrefetch.LFS_PREFETCH_ON,
  off: registry.LfsPrefetch.LFS_PREFETCH_OFF,
};

export const writeSelection = (selection: ProjectChoice): registry.Selection => ({
  all: selection.all,
  projectKeys: selection.all ? [] : [...selection.projectKeys],
});

const PHASE: Record<registry.SyncPhase, MirrorPhase> = {
  [registry.SyncPhase.SYNC_PHASE_UNSPECIFIED]: 'absent',
  [registry.SyncPhase.SYNC_PHASE_ABSENT]: 'absent',
  [registry.SyncPhase.SYNC_PHASE_CLONING]: 'cloning',
  [registry.SyncPhase.SYNC_PHASE_READY]: 'ready',
  [registry.SyncPhase.SYNC_PHASE_SYNCING]: 'syncing',
  [registry.SyncPhase.SYNC_PHASE_FAILING]: 'failing',
  [registry.SyncPhase.SYNC_PHASE_REMOVED]: 'removed',
  // What a newer node may say.
  [registry.SyncPhase.UNRECOGNIZED]: 'absent',
};

export function readReport(node: string, report: registry.SyncReport): SyncStateRow {
  const { progress, error, errorCode, confirmedAtMs } = report;
  return {
    repositoryId: report.repositoryId,
    node,
    phase: PHASE[report.phase] ?? 'absent',
    epoch: report.epoch,
    confirmedAt: confirmedAtMs > 0 ? new Date(confirmedAtMs) : null,
    progress: progress
      ? {
          step: progress.step,
          percent: Math.min(progress.percent, 100),
          receivedBytes: progress.receivedBytes,
        }
      : null,
    error: errorCode ? { code: errorCode, message: error.slice(0, LONGEST_ERROR) } : null,
    sizeBytes: report.sizeBytes,
    receivedBytesTotal: report.receivedBytesTotal,
    reportedAt: new Date(report.reportedAtMs || Date.now()),
    ...readVerification(report.verification),
  };
}

const VERIFICATION: Partial<Record<registry.VerificationState, Verification['state']>> = {
  [registry.VerificationState.VERIFICATION_STATE_RUNNING]: 'running',
  [registry.VerificationState.VERIFICATION_STATE_OK]: 'ok',
  [registry.VerificationState.VERIFICATION_STATE_REPAIRED]: 'repaired',
  [registry.VerificationState.VERIFICATION_STATE_FAILED]: 'failed',
};

function readVerification(
  told: registry.Verification | undefined,
): Pick<SyncStateRow, 'verification' | 'verifiedAt'> {
  const state = told && VERIFICATION[told.state];
  if (!told || !state) return { verification: null, verifiedAt: null };
  const at = new Date(told.atMs);
  const isWhole = state === 'ok' || state === 'repaired';
  const message = told.message.slice(0, LONGEST_ERROR);
  return { verification: { state, at, message }, verifiedAt: isWhole ? at : null };
}

export const readLfsReport = (node: string, report: registry.LfsReport): LfsStateRow => ({
  repositoryId: report.repositoryId,
  node,
  objects: report.objects,
  bytes: report.bytes,
  missing: report.missing,
  missingBytes: report.missingBytes,
  error: report.errorCode ? { code: report.errorCode, message: report.error.slice(0, LONGEST_ERROR) } : null,
  reportedAt: new Date(report.reportedAtMs || Date.now()),
});
