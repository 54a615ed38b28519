import { Injectable } from '@nestjs/common';
import { AuditStore } from '../audit/audit.store.js';
import type { Initiator } from '../audit/initiator.js';
import { RepositoriesStore } from '../repositories/repositories.store.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { ProjectsService } from './projects.service.js';
import { ProjectPoliciesStore, type ProjectPolicy } from './project-policies.store.js';

/** What is not named stays; null: the mirror's default. */
export type PolicyChange = {
  readonly [Key in keyof ProjectPolicy]?: ProjectPolicy[Key] | undefined;
};

/** Changes what a project has of its own; the edges hear of it at once, with its repositories. */
@Injectable()
export class ProjectPolicies {
  constructor(
    private readonly audit: AuditStore,
    private readonly feed: RepositoryFeed,
    private readonly projects: ProjectsService,
    private readonly repositories: RepositoriesStore,
    private readonly store: ProjectPoliciesStore,
  ) {}

  /**
   * Changes what is named; the rest stays as it is.
   *
   * @throws AntipodeError `not_found` where the primary has no such project, `unsupported` where it has none.
   */
  async set(key: string, wanted: PolicyChange, by: Initiator): Promise<ProjectPolicy> {
    await this.projects.check([key]);
    const policy = await this.repositories.change(async (transaction) => {
      const before = await this.store.read(transaction, key);
      const after = {
        freshness: wanted.freshness === undefined ? before.freshness : wanted.freshness,
        lfsPrefetch: wanted.lfsPrefetch === undefined ? before.lfsPrefetch : wanted.lfsPrefetch,
      };
      if (before.freshness === after.freshness && before.lfsPrefetch === after.lfsPrefetch) return after;
      await this.store.write(transaction, key, after);
      await this.repositories.touchProject(transaction, key);
      const change = { by, subject: key, before: { ...before }, after };
      await this.audit.add(transaction, { action: 'project.policy_changed', ...change });
      return after;
    });
    await this.feed.refresh();
    return policy;
  }
}
