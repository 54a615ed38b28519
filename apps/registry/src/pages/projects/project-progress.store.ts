import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';

export interface ProjectProgress {
  readonly total: number;
  readonly synced: number;
}

/** How many repositories of each project are mirrored, and brought whole; for administrators. */
@Injectable()
export class ProjectProgressStore {
  constructor(private readonly database: Database) {}

  async read(): Promise<Map<string, ProjectProgress>> {
    const rows = await this.database.prisma.$queryRaw<(ProjectProgress & { projectKey: string })[]>`
      SELECT project_key AS "projectKey", count(*)::int AS total, count(*) FILTER (WHERE synced)::int AS synced
      FROM (
        SELECT r.project_key, coalesce(bool_and(s.phase IN ('ready', 'syncing')), false) AS synced
        FROM repository r LEFT JOIN sync_state s ON s.repository_id = r.id AND s.phase <> 'removed'
        WHERE r.removed_at IS NULL GROUP BY r.id) each_one
      GROUP BY 1`;
    return new Map(rows.map(({ projectKey, total, synced }) => [projectKey, { total, synced }]));
  }
}
