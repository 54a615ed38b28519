import { Injectable } from '@nestjs/common';
import type { MirrorPhase, RepositoryId } from '@antipode/domain';
import { Database } from '../database/database.js';
import type { SyncState } from '../generated/prisma/client.js';
import type { SyncStateRow, Verification } from './sync-state.js';

@Injectable()
export class SyncStatesStore {
  constructor(private readonly database: Database) {}

  /** Writes reports; an older one never replaces a newer, and what is not in our table is left out. */
  async write(rows: readonly SyncStateRow[]): Promise<void> {
    await this.database.prisma.$executeRaw`
      INSERT INTO sync_state (repository_id, node, phase, epoch, confirmed_at, progress_step, progress_percent, progress_bytes,
        error_code, error, size_bytes, received_bytes_total, reported_at,
        verification_state, verification_at, verification_message, verified_at)
      SELECT s.repository_id, s.node, s.phase, s.epoch, s.confirmed_at, s.progress_step, s.progress_percent, s.progress_bytes,
        s.error_code, s.error, s.size_bytes, s.received_bytes_total, s.reported_at,
        s.verification_state, s.verification_at, s.verification_message, s.verified_at
      FROM jsonb_to_recordset(${JSON.stringify(rows.map(toColumns))}::jsonb) AS s(repository_id text, node text, phase text,
        epoch bigint, confirmed_at timestamptz, progress_step text, progress_percent int, progress_bytes bigint,
        error_code text, error text, size_bytes bigint, received_bytes_total bigint, reported_at timestamptz,
        verification_state text, verification_at timestamptz, verification_message text, verified_at timestamptz)
      JOIN repository r ON r.id = s.repository_id
      ON CONFLICT (repository_id, node) DO UPDATE SET
        phase = EXCLUDED.phase, epoch = EXCLUDED.epoch, confirmed_at = EXCLUDED.confirmed_at,
        progress_step = EXCLUDED.progress_step, progress_percent = EXCLUDED.progress_percent, progress_bytes = EXCLUDED.progress_bytes,
        error_code = EXCLUDED.error_code, error = EXCLUDED.error, size_bytes = EXCLUDED.size_bytes,
        received_bytes_total = EXCLUDED.received_bytes_total, reported_at = EXCLUDED.reported_at,
        verification_state = EXCLUDED.verification_state, verification_at = EXCLUDED.verification_at,
        verification_message = EXCLUDED.verification_message,
        verified_at = coalesce(EXCLUDED.verified_at, sync_state.verified_at)
      WHERE sync_state.reported_at <= EXCLUDED.reported_at`;
  }

  async read(ids: readonly RepositoryId[]): Promise<Map<RepositoryId, SyncStateRow[]>> {
    const rows = await this.database.prisma.syncState.findMany({
      where: { repositoryId: { in: [...ids] } },
      orderBy: { node: 'asc' },
    });
    return Map.groupBy(rows.map(fromColumns), ({ repositoryId }) => repositoryId);
  }
}

function toColumns({ progress, error, verification, ...row }: SyncStateRow): Record<string, unknown> {
  return {
    repository_id: row.repositoryId,
    node: row.node,
    phase: row.phase,
    epoch: row.epoch,
    confirmed_at: row.confirmedAt,
    progress_step: progress?.step ?? null,
    progress_percent: progress?.percent ?? null,
    progress_bytes: progress?.receivedBytes ?? null,
    error_code: error?.code ?? null,
    error: error?.message ?? null,
    size_bytes: row.sizeBytes,
    received_bytes_total: row.receivedBytesTotal,
    reported_at: row.reportedAt,
    ...verificationColumns(verification),
    verified_at: row.verifiedAt,
  };
}

const verificationColumns = (told: Verification | null): Record<string, unknown> =>
  told === null
    ? {}
    : { verification_state: told.state, verification_at: told.at, verification_message: told.message };

function fromColumns(row: SyncState): SyncStateRow {
  const { repositoryId, node, confirmedAt, reportedAt, progressStep, errorCode } = row;
  return {
    repositoryId,
    node,
    confirmedAt,
    reportedAt,
    // Only `write` writes here.
    phase: row.phase as MirrorPhase,
    epoch: Number(row.epoch),
    progress:
      progressStep === null
        ? null
        : {
            step: progressStep,
            percent: row.progressPercent ?? 0,
            receivedBytes: Number(row.progressBytes ?? 0),
          },
    error: errorCode === null ? null : { code: errorCode, message: row.error ?? '' },
    sizeBytes: Number(row.sizeBytes),
    receivedBytesTotal: Number(row.receivedBytesTotal),
    verification: readVerification(row),
    verifiedAt: row.verifiedAt,
  };
}

function readVerification(row: SyncState): Verification | null {
  const { verificationState, verificationAt, verificationMessage } = row;
  if (verificationState === null || verificationAt === null) return null;
  const state = verificationState as Verification['state'];
  return { state, at: verificationAt, message: verificationMessage ?? '' };
}
