import { Injectable } from '@nestjs/common';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import { DEFAULT_POLICY, ProjectPoliciesStore } from '../../projects/project-policies.store.js';
import { ProjectsService } from '../../projects/projects.service.js';
import { PublicRepositories } from '../../repositories/public-repositories.js';
import { coversProject } from '../../selection/selection.js';
import { SelectionService } from '../../selection/selection.service.js';
import { ProjectProgressStore } from './project-progress.store.js';
import type { ProjectsView, ProjectView, PublicView } from './projects.page.js';

const NONE = { total: 0, synced: 0 };

/** What the pages of projects show. */
@Injectable()
export class ProjectsReader {
  constructor(
    private readonly policies: ProjectPoliciesStore,
    private readonly progress: ProjectProgressStore,
    private readonly projects: ProjectsService,
    private readonly publicRepositories: PublicRepositories,
    private readonly selection: SelectionService,
  ) {}

  async all(): Promise<Omit<ProjectsView, 'csrf' | 'q' | 'changed'>> {
    const [selection, projects, open] = await Promise.all([
      this.selection.read(),
      this.list(),
      this.publicOnes(),
    ]);
    return { selection, projects, public: open };
  }

  /** @throws AntipodeError `not_found` */
  async one(key: string): Promise<ProjectView> {
    const found = (await this.list()).find((project) => project.key === key);
    if (found) return found;
    throw new AntipodeError('not_found', 'finding a project');
  }

  private async list(): Promise<ProjectView[]> {
    const [selection, projects, policies, progress] = await Promise.all([
      this.selection.read(),
      this.projects.list(),
      this.policies.all(),
      this.progress.read(),
    ]);
    return projects.map(({ key, name, private: isPrivate }) => ({
      key,
      name,
      private: isPrivate,
      selected: coversProject(selection, key),
      policy: policies.get(key) ?? DEFAULT_POLICY,
      repositories: progress.get(key) ?? NONE,
    }));
  }

  /** The rest of the page is of use without them. */
  private async publicOnes(): Promise<PublicView> {
    try {
      const { values, complete } = await this.publicRepositories.list();
      return { repositories: values, complete, problem: undefined };
    } catch (error) {
      const known = toAntipodeError(error, 'listing public repositories');
      return { repositories: [], complete: true, problem: known.hint ?? 'the primary does not answer.' };
    }
  }
}
