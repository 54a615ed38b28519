import { Injectable } from '@nestjs/common';
import type { LfsPrefetch } from '@antipode/domain';
import { Database } from '../database/database.js';
import type { ProjectPolicy as ProjectPolicyRow } from '../generated/prisma/client.js';
import type { Transaction } from '../repositories/repositories.store.js';

/** What a project has of its own; null: the mirror's default. */
export interface ProjectPolicy {
  readonly freshness: string | null;
  /** off: large files are noted, and brought when somebody asks for them. */
  readonly lfsPrefetch: LfsPrefetch | null;
}

export const DEFAULT_POLICY: ProjectPolicy = { freshness: null, lfsPrefetch: null };

@Injectable()
export class ProjectPoliciesStore {
  constructor(private readonly database: Database) {}

  /** Of the projects that have one. */
  async all(): Promise<Map<string, ProjectPolicy>> {
    const rows = await this.database.prisma.projectPolicy.findMany();
    return new Map(rows.map((row) => [row.projectKey, fromRow(row)]));
  }

  async read(transaction: Transaction, projectKey: string): Promise<ProjectPolicy> {
    const row = await transaction.projectPolicy.findUnique({ where: { projectKey } });
    return row ? fromRow(row) : DEFAULT_POLICY;
  }

  async write(transaction: Transaction, projectKey: string, policy: ProjectPolicy): Promise<void> {
    const { freshness, lfsPrefetch } = policy;
    if (freshness === null && lfsPrefetch === null) {
      await transaction.projectPolicy.deleteMany({ where: { projectKey } });
      return;
    }
    const data = { freshness, lfsPrefetch };
    await transaction.projectPolicy.upsert({
      where: { projectKey },
      create: { projectKey, ...data },
      update: data,
    });
  }
}

const fromRow = ({ freshness, lfsPrefetch }: ProjectPolicyRow): ProjectPolicy => ({
  freshness,
  // Only `write` writes here.
  lfsPrefetch: lfsPrefetch as LfsPrefetch | null,
});
