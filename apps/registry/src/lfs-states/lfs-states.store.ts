import { Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { Database } from '../database/database.js';
import type { LfsState } from '../generated/prisma/client.js';
import type { LfsStateRow } from './lfs-state.js';

@Injectable()
export class LfsStatesStore {
  constructor(private readonly database: Database) {}

  /** Writes reports; an older one never replaces a newer, and what is not in our table is left out. */
  async write(rows: readonly LfsStateRow[]): Promise<void> {
    await this.database.prisma.$executeRaw`
      INSERT INTO lfs_state (repository_id, node, objects, bytes, missing, missing_bytes, error_code, error, reported_at)
      SELECT s.repository_id, s.node, s.objects, s.bytes, s.missing, s.missing_bytes, s.error_code, s.error, s.reported_at
      FROM jsonb_to_recordset(${JSON.stringify(rows.map(toColumns))}::jsonb) AS s(repository_id text, node text,
        objects bigint, bytes bigint, missing bigint, missing_bytes bigint, error_code text, error text,
        reported_at timestamptz)
      JOIN repository r ON r.id = s.repository_id
      ON CONFLICT (repository_id, node) DO UPDATE SET
        objects = EXCLUDED.objects, bytes = EXCLUDED.bytes, missing = EXCLUDED.missing,
        missing_bytes = EXCLUDED.missing_bytes, error_code = EXCLUDED.error_code, error = EXCLUDED.error,
        reported_at = EXCLUDED.reported_at
      WHERE lfs_state.reported_at <= EXCLUDED.reported_at`;
  }

  async read(ids: readonly RepositoryId[]): Promise<Map<RepositoryId, LfsStateRow[]>> {
    const rows = await this.database.prisma.lfsState.findMany({
      where: { repositoryId: { in: [...ids] } },
      orderBy: { node: 'asc' },
    });
    return Map.groupBy(rows.map(fromColumns), ({ repositoryId }) => repositoryId);
  }
}

const toColumns = ({ error, ...row }: LfsStateRow): Record<string, unknown> => ({
  repository_id: row.repositoryId,
  node: row.node,
  objects: row.objects,
  bytes: row.bytes,
  missing: row.missing,
  missing_bytes: row.missingBytes,
  error_code: error?.code ?? null,
  error: error?.message ?? null,
  reported_at: row.reportedAt,
});

const fromColumns = ({ errorCode, error, ...row }: LfsState): LfsStateRow => ({
  repositoryId: row.repositoryId,
  node: row.node,
  objects: Number(row.objects),
  bytes: Number(row.bytes),
  missing: Number(row.missing),
  missingBytes: Number(row.missingBytes),
  error: errorCode === null ? null : { code: errorCode, message: error ?? '' },
  reportedAt: row.reportedAt,
});
