import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryPath } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { PRIMARY } from '../connection/primary.provider.js';
import { RepositoriesStore } from '../repositories/repositories.store.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import type { FeedRow, Origin, RepositoryFacts } from '../repositories/repository.js';

/** Repositories of primaries that list nothing: from the settings, or learnt from the first request. */
@Injectable()
export class ConfiguredRepositories {
  constructor(
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly repositories: RepositoriesStore,
    private readonly feed: RepositoryFeed,
  ) {}

  /** Makes the table agree with the settings; what was learnt stays. */
  async take(signal: AbortSignal): Promise<void> {
    const known = await this.repositories.known();
    const facts: RepositoryFacts[] = [];
    for (const path of this.primary.configured) {
      const before = known.get(this.primary.identify(path));
      facts.push(await this.describe(path, before?.public ?? false, signal));
    }
    const wanted = new Set(facts.map(({ id }) => id));
    const dropped = [...known.values()].filter(
      ({ id, origin, removed }) => origin === 'configured' && !removed && !wanted.has(id),
    );
    await this.repositories.change(async (transaction) => {
      await this.repositories.upsert(transaction, 'configured', facts);
      await this.repositories.remove(
        transaction,
        dropped.map(({ id }) => id),
        'deselected',
      );
    });
    await this.feed.refresh();
  }

  /**
   * Adds a repository that the primary has just authorised somebody for.
   *
   * @throws AntipodeError `unsupported` unless this mirror learns on demand; `invalid` for a path the primary cannot have.
   */
  async learn(path: string, signal: AbortSignal): Promise<FeedRow> {
    if (!this.primary.onDemand) {
      throw new AntipodeError(
        'unsupported',
        'learning a repository',
        {},
        { hint: 'This mirror does not learn repositories on demand.' },
      );
    }
    const normal = this.primary.parseRepositoryPath(path);
    if (normal === undefined)
      throw new AntipodeError(
        'invalid',
        'learning a repository',
        {},
        { hint: 'The primary cannot have a repository with this path.' },
      );
    const known = await this.repositories.findByPath(normal);
    if (known) return known;
    const facts = await this.describe(normal, false, signal);
    await this.store('learnt', facts);
    const learnt = await this.repositories.findByPath(normal);
    if (!learnt) throw new AntipodeError('internal', 'learning a repository', { path: normal });
    return learnt;
  }

  private async store(origin: Origin, facts: RepositoryFacts): Promise<void> {
    await this.repositories.change((transaction) => this.repositories.upsert(transaction, origin, [facts]));
    await this.feed.refresh();
  }

  /** @param otherwise whether it counts as public where the primary cannot be asked. */
  private async describe(
    path: RepositoryPath,
    otherwise: boolean,
    signal: AbortSignal,
  ): Promise<RepositoryFacts> {
    return {
      id: this.primary.identify(path),
      path,
      name: path.split('/').at(-1) ?? path,
      projectKey: '',
      public: (await this.isPublic(path, signal)) ?? otherwise,
      sizeBytes: 0,
      updatedOn: '',
    };
  }

  private async isPublic(path: RepositoryPath, signal: AbortSignal): Promise<boolean | undefined> {
    try {
      const verdict = await this.primary.authorize({ path, right: 'read', authorization: undefined }, signal);
      return verdict.kind === 'allowed';
    } catch {
      return undefined;
    }
  }
}
