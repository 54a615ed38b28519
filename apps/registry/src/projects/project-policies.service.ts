import { Injectable } from '@nestjs/common';
import { AuditStore } from '../audit/audit.store.js';
import type { Initiator } from '../audit/initiator.js';
import { RepositoriesStore } from '../repositories/repositories.store.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { ProjectsService } from './projects.service.js';
import { ProjectPoliciesStore, type ProjectPolicy } from './project-policies.store.js';

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

  /** @throws AntipodeError `not_found` where the primary has no such project, `unsupported` where it has none. */
  async set(key: string, policy: ProjectPolicy, by: Initiator): Promise<ProjectPolicy> {
    await this.projects.check([key]);
    await this.repositories.change(async (transaction) => {
      const before = await this.store.read(transaction, key);
      if (before.freshness === policy.freshness) return;
      await this.store.write(transaction, key, policy);
      await this.repositories.touchProject(transaction, key);
      const change = { by, subject: key, before: { ...before }, after: { ...policy } };
      await this.audit.add(transaction, { action: 'project.policy_changed', ...change });
    });
    await this.feed.refresh();
    return policy;
  }
}
