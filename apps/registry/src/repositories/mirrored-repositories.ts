import { Inject, Injectable } from '@nestjs/common';
import { isRepositoryId, type RepositoryId, type RepositoryPath } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionService } from '../connection/connection.service.js';
import type { Sight } from '../people/viewer.js';
import { asOthersSee, describeRepository, type RepositoryAnswer } from './describe-repository.js';
import { ListRepositories, type ListedRepository, type RepositoriesQuestion } from './list-repositories.js';
import { RepositoryStates } from './repository-states.js';
import { repositoryUrls } from './repository-urls.js';

/** The mirrored repositories as somebody may see them: with their states and URLs. */
@Injectable()
export class MirroredRepositories {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly connection: ConnectionService,
    private readonly repositories: ListRepositories,
    private readonly states: RepositoryStates,
  ) {}

  /** @throws AntipodeError `invalid` for a cursor that is not ours. */
  async page(
    question: RepositoriesQuestion,
    sight: Sight,
  ): Promise<{ values: RepositoryAnswer[]; next: string | null; total: number }> {
    const page = await this.repositories.page(question, sight);
    return { ...page, values: await this.describeFor(sight, page.values) };
  }

  /** @throws AntipodeError `not_found` where there is none, or none for these eyes. */
  async find(by: { id: RepositoryId } | { path: RepositoryPath }, sight: Sight): Promise<RepositoryAnswer> {
    const isPossible = 'path' in by ? !by.path.includes('\0') : isRepositoryId(by.id);
    const found = isPossible ? await this.repositories.one(by, sight) : undefined;
    const [described] = found ? await this.describeFor(sight, [found]) : [];
    if (described) return described;
    const hint = 'There is no such mirrored repository.';
    throw new AntipodeError('not_found', 'finding a repository', {}, { hint });
  }

  /** In the order given, as administrators see them (`asOthersSee` for all others). */
  async describe(rows: readonly ListedRepository[]): Promise<RepositoryAnswer[]> {
    const statesOf = await this.states.read(rows.map(({ id }) => id));
    const mirror = { https: this.config.PUBLIC_URL, ssh: this.config.SSH_URL };
    return rows.map((row) =>
      describeRepository(row, statesOf(row.id), repositoryUrls(row.path, mirror, this.connection.primary)),
    );
  }

  private async describeFor(sight: Sight, rows: readonly ListedRepository[]): Promise<RepositoryAnswer[]> {
    const described = await this.describe(rows);
    return sight.all ? described : described.map(asOthersSee);
  }
}
