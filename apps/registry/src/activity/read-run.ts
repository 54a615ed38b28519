import { registry } from '@antipode/contracts';
import { isOid, isRepositoryId } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import type { Outcome, RefMove, SyncRun } from './sync-run.js';

const MOST_RUNS = 1000;
/** Beyond that, a run tells how many refs moved and not which (registry.proto). */
const MOST_CHANGES = 1000;
const LONGEST_REF = 1024;
const LONGEST_CODE = 64;
const LONGEST_ERROR = 500;
/** Older ones are not kept, and may have been forgotten already. */
const OLDEST_MS = 7 * 86_400_000;

const OUTCOME: Partial<Record<registry.RunOutcome, Outcome>> = {
  [registry.RunOutcome.RUN_OUTCOME_CLONED]: 'cloned',
  [registry.RunOutcome.RUN_OUTCOME_UPDATED]: 'updated',
  [registry.RunOutcome.RUN_OUTCOME_FAILED]: 'failed',
};

/** The runs that can be kept, as we keep them. @throws AntipodeError `invalid` where there are too many at once. */
export function readRuns(node: string, runs: readonly registry.SyncRun[], now = Date.now()): SyncRun[] {
  if (runs.length > MOST_RUNS)
    throw new AntipodeError('invalid', 'reading reported runs', { runs: runs.length });
  return runs.map((run) => readRun(node, run, now)).filter((run) => run !== undefined);
}

function readRun(node: string, run: registry.SyncRun, now: number): SyncRun | undefined {
  const outcome = OUTCOME[run.outcome];
  const isKnowable = isRepositoryId(run.id) && isRepositoryId(run.repositoryId);
  if (!outcome || !isKnowable || run.endedAtMs < now - OLDEST_MS) return undefined;
  // A node's clock may be ahead of ours.
  const endedAt = Math.min(run.endedAtMs, now);
  const changes = readChanges(run.changes);
  return {
    id: run.id,
    repositoryId: run.repositoryId,
    node,
    outcome,
    beganAt: new Date(Math.min(Math.max(run.beganAtMs, now - OLDEST_MS), endedAt)),
    endedAt: new Date(endedAt),
    epoch: count(run.epoch),
    receivedBytes: count(run.receivedBytes),
    error: readError(outcome, run),
    changeCount: Math.max(count(run.changeCount), changes.length),
    changes,
  };
}

function readError(outcome: Outcome, { error, errorCode }: registry.SyncRun): SyncRun['error'] {
  if (outcome !== 'failed') return null;
  return { code: (errorCode || 'internal').slice(0, LONGEST_CODE), message: error.slice(0, LONGEST_ERROR) };
}

/** All of them or none: half a list would be taken for the whole. */
function readChanges(changes: readonly registry.RefChange[]): RefMove[] {
  if (changes.length > MOST_CHANGES || !changes.every(isChange)) return [];
  return changes.map(({ ref, fromOid, toOid }) => ({ ref, from: fromOid || null, to: toOid || null }));
}

const isChange = ({ ref, fromOid, toOid }: registry.RefChange): boolean =>
  ref !== '' &&
  ref.length <= LONGEST_REF &&
  [fromOid, toOid].every((oid) => oid === '' || isOid(oid)) &&
  fromOid !== toOid;

/** A number that PostgreSQL and JSON can carry. */
export const count = (value: number): number => (Number.isSafeInteger(value) ? Math.max(value, 0) : 0);
