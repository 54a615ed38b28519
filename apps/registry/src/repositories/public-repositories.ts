import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import type { PrimaryRepository } from '@antipode/primary';
import { ConnectionService } from '../connection/connection.service.js';
import type { publicRepositoriesSchema } from '../rest/change-schemas.js';
import { coversProject, type Selection } from '../selection/selection.js';
import { SelectionService } from '../selection/selection.service.js';
import { ListRepositories } from './list-repositories.js';
import { RepositoryFeed } from './repository-feed.js';

type Answer = z.infer<typeof publicRepositoriesSchema>;

const MOST_LISTED = 1000;

/** Whoever may read a public repository, which is anybody, learns of the mirror that serves it. */
@Injectable()
export class PublicRepositories {
  constructor(
    private readonly connection: ConnectionService,
    private readonly feed: RepositoryFeed,
    private readonly repositories: ListRepositories,
    private readonly selection: SelectionService,
  ) {}

  /** Of the selected projects; the primary is asked now. @throws AntipodeError `not_connected`, `primary_*` */
  async list(): Promise<Answer> {
    const selection = await this.selection.read();
    const found = await this.find(selection);
    const values = found.slice(0, MOST_LISTED).map(({ id, path, projectKey, sizeBytes }) => {
      return { id, path, projectKey, sizeBytes, mirrored: this.feed.get(id) !== undefined };
    });
    return { policy: selection.publicRepositories, values, complete: found.length <= MOST_LISTED };
  }

  /** Those that are excluded are not in our table, so the primary is asked. */
  private async find(
    selection: Selection,
  ): Promise<Pick<PrimaryRepository, 'id' | 'path' | 'projectKey' | 'sizeBytes'>[]> {
    const { discovery } = this.connection.primary;
    if (!discovery) return this.repositories.publicOnes();
    const found: PrimaryRepository[] = [];
    await this.connection.asking(async () => {
      const options = { credential: await this.connection.credential(), visibility: 'public' as const };
      for await (const page of discovery.listRepositories(options))
        found.push(...page.filter((one) => one.public && coversProject(selection, one.projectKey)));
    });
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}
