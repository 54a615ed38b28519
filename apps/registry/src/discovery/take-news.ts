import { Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { RepositoriesStore } from '../repositories/repositories.store.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import type { KnownRepository } from '../repositories/repository.js';
import { SyncRequests } from '../sync-states/sync-requests.js';
import type { PageNews } from './plan-sweep.js';

/** Acts on what a page of the primary's listing told: the table first for what is new, syncs for what has moved. */
@Injectable()
export class TakeNews {
  constructor(
    private readonly repositories: RepositoriesStore,
    private readonly feed: RepositoryFeed,
    private readonly syncs: SyncRequests,
  ) {}

  /** New repositories appear while the listing still runs. */
  async take({ changed, moved }: PageNews, known: ReadonlyMap<RepositoryId, KnownRepository>): Promise<void> {
    const unasked = await this.requestSyncs(moved);
    // What nobody could be asked to sync keeps its old date, so that the next sweep sees the movement again.
    const facts = changed.map((repository) =>
      unasked.has(repository.id)
        ? { ...repository, updatedOn: known.get(repository.id)?.updatedOn ?? '' }
        : repository,
    );
    if (facts.length === 0) return;
    await this.repositories.change((transaction) =>
      this.repositories.upsert(transaction, 'discovery', facts),
    );
    await this.feed.refresh();
  }

  private async requestSyncs(ids: readonly RepositoryId[]): Promise<Set<RepositoryId>> {
    const unasked = new Set<RepositoryId>();
    for (const id of ids) {
      // With Redis away, one refusal stands for all.
      if (unasked.size > 0) unasked.add(id);
      else await this.syncs.request(id, 'sweep').catch(() => unasked.add(id));
    }
    return unasked;
  }
}
