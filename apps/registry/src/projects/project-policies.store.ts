import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Transaction } from '../repositories/repositories.store.js';

/** What a project has of its own; null: the mirror's default. */
export interface ProjectPolicy {
  readonly freshness: string | null;
}

export const DEFAULT_POLICY: ProjectPolicy = { freshness: null };

@Injectable()
export class ProjectPoliciesStore {
  constructor(private readonly database: Database) {}

  /** Of the projects that have one. */
  async all(): Promise<Map<string, ProjectPolicy>> {
    const rows = await this.database.prisma.projectPolicy.findMany();
    return new Map(rows.map(({ projectKey, freshness }) => [projectKey, { freshness }]));
  }

  async read(transaction: Transaction, projectKey: string): Promise<ProjectPolicy> {
    const row = await transaction.projectPolicy.findUnique({ where: { projectKey } });
    return row ? { freshness: row.freshness } : DEFAULT_POLICY;
  }

  async write(transaction: Transaction, projectKey: string, { freshness }: ProjectPolicy): Promise<void> {
    if (freshness === null) {
      await transaction.projectPolicy.deleteMany({ where: { projectKey } });
      return;
    }
    const data = { freshness };
    await transaction.projectPolicy.upsert({
      where: { projectKey },
      create: { projectKey, ...data },
      update: data,
    });
  }
}
