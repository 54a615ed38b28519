import type { MirrorPhase, RepositoryId } from '@antipode/domain';

/** How a repository is doing on one node. */
export interface SyncStateRow {
  readonly repositoryId: RepositoryId;
  readonly node: string;
  readonly phase: MirrorPhase;
  readonly epoch: number;
  readonly confirmedAt: Date | null;
  readonly progress: {
    readonly step: string;
    readonly percent: number;
    readonly receivedBytes: number;
  } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly sizeBytes: number;
  readonly receivedBytesTotal: number;
  readonly reportedAt: Date;
  /** Null where nobody has ever asked for one. */
  readonly verification: Verification | null;
  /** When it was last found whole, or made so. */
  readonly verifiedAt: Date | null;
}

export const VERIFICATION_STATES = ['running', 'ok', 'repaired', 'failed'] as const;

/** How a mirror repository was looked through, or cloned anew, because somebody asked for it. */
export interface Verification {
  readonly state: (typeof VERIFICATION_STATES)[number];
  /** When it began, while it runs; else when it ended. */
  readonly at: Date;
  /** One sentence for people. */
  readonly message: string;
}

/** What needs attention first: a repository on several nodes is shown by the first of these that any node reports. */
export const BY_CONCERN: readonly MirrorPhase[] = [
  'failing',
  'cloning',
  'absent',
  'syncing',
  'ready',
  'removed',
];

/** The one state that stands for a repository's nodes; undefined where none has reported. */
export function worst<Row extends { readonly phase: MirrorPhase }>(rows: readonly Row[]): Row | undefined {
  return [...rows].sort((a, b) => BY_CONCERN.indexOf(a.phase) - BY_CONCERN.indexOf(b.phase))[0];
}

const VERIFICATIONS_BY_CONCERN: readonly Verification['state'][] = ['failed', 'running', 'repaired', 'ok'];

/** Of all nodes: the verification that needs attention first, and since when all of them are known to be whole. */
export function summariseVerifications(
  rows: readonly Pick<SyncStateRow, 'verification' | 'verifiedAt'>[],
): Pick<SyncStateRow, 'verification' | 'verifiedAt'> {
  const verifications = rows.map(({ verification }) => verification).filter((one) => one !== null);
  const [verification = null] = verifications.sort(
    (a, b) => VERIFICATIONS_BY_CONCERN.indexOf(a.state) - VERIFICATIONS_BY_CONCERN.indexOf(b.state),
  );
  const moments = rows.map(({ verifiedAt }) => verifiedAt?.getTime() ?? 0);
  const earliest = Math.min(...moments);
  return { verification, verifiedAt: moments.length > 0 && earliest > 0 ? new Date(earliest) : null };
}
