import { Injectable } from '@nestjs/common';
import type { LfsObject } from '@antipode/lfs-wire';
import { BelongingsStore } from './belongings.store.js';
import { MovedRepositories } from './moved-repositories.js';
import { News } from './news.js';
import { WantedStore } from './wanted.store.js';

/** What the primary took through us belongs to the repository that it was taken for. */
@Injectable()
export class UploadProofs {
  constructor(
    private readonly belongings: BelongingsStore,
    private readonly wanted: WantedStore,
    private readonly moves: MovedRepositories,
    private readonly news: News,
  ) {}

  /** @throws AntipodeError `service_unavailable` */
  async prove(repositoryId: string, object: LfsObject): Promise<void> {
    // The upload may have begun under a path that was another's by then: the primary says whose it is.
    if (this.moves.isRecent(repositoryId)) {
      await this.wanted.take(repositoryId, [object]);
      this.news.emit('wanted');
    } else await this.belongings.prove(repositoryId, [object]);
    this.news.changed([repositoryId]);
  }
}
