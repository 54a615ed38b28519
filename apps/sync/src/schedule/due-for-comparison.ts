import type { RepositoryId } from '@antipode/domain';

export interface Confirmed {
  readonly id: RepositoryId;
  readonly confirmedAtMs: number;
}

/**
 * Which repositories should be compared with the primary now, the most overdue first.
 *
 * Each has its own period, 75 to 100 % of `everyMs`, and one tick asks for no more than its share of all: after a
 * standstill, when everything is overdue, the primary is not asked for everything at once.
 */
export function dueForComparison(
  mirrors: readonly Confirmed[],
  { everyMs, nowMs, tickMs }: { everyMs: number; nowMs: number; tickMs: number },
): RepositoryId[] {
  const share = Math.max(1, Math.ceil((mirrors.length * 2 * tickMs) / everyMs));
  return mirrors
    .map(({ id, confirmedAtMs }) => ({
      id,
      overdueMs: nowMs - confirmedAtMs - everyMs * (0.75 + 0.25 * spread(id)),
    }))
    .filter(({ overdueMs }) => overdueMs > 0)
    .sort((a, b) => b.overdueMs - a.overdueMs)
    .slice(0, share)
    .map(({ id }) => id);
}

/** 0..1, always the same for the same repository. */
const spread = (id: RepositoryId): number => Number.parseInt(id.slice(0, 8), 16) / 0xffffffff;
