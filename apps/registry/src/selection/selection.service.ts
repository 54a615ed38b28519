import { Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import type { PrimaryProject } from '@antipode/primary';
import { ConnectionService } from '../connection/connection.service.js';
import { DiscoveryService } from '../discovery/discovery.service.js';
import { RepositoriesStore } from '../repositories/repositories.store.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import type { Selection } from './selection.js';
import { SelectionStore } from './selection.store.js';

/** Reading and changing which projects are mirrored. */
@Injectable()
export class SelectionService {
  constructor(
    private readonly connection: ConnectionService,
    private readonly discovery: DiscoveryService,
    private readonly repositories: RepositoriesStore,
    private readonly feed: RepositoryFeed,
    private readonly store: SelectionStore,
  ) {}

  async read(): Promise<Selection> {
    return this.connection.primary.discovery ? this.store.read() : { all: true };
  }

  /**
   * Chooses. What is no longer selected stops being served at once; discovery of the rest begins at once.
   *
   * @throws AntipodeError `not_found` names a project that the primary does not have; `unsupported` where it has none.
   */
  async choose(selection: Selection): Promise<Selection> {
    const chosen = selection.all
      ? selection
      : { all: false as const, projectKeys: [...new Set(selection.projectKeys)].sort() };
    await this.checkProjects(chosen);
    await this.repositories.change(async (transaction) => {
      await this.store.write(transaction, chosen);
      await this.repositories.removeUnselected(transaction);
    });
    await this.feed.refresh();
    this.discovery.sweepSoon('full');
    return chosen;
  }

  /** The primary's projects, asked for now; as they were known last where it cannot be asked. */
  async projects(): Promise<PrimaryProject[]> {
    const { discovery } = this.connection.primary;
    if (!discovery) return [];
    try {
      const credential = await this.connection.credential();
      const projects = await this.connection.asking(() => discovery.listProjects(credential));
      await this.store.replaceProjects(projects);
    } catch (error) {
      const known = await this.store.projects();
      if (known.length === 0) throw error;
      return known;
    }
    return this.store.projects();
  }

  private async checkProjects(selection: Selection): Promise<void> {
    if (selection.all) return;
    if (!this.connection.primary.discovery) {
      throw new AntipodeError(
        'unsupported',
        'choosing projects',
        {},
        { hint: `${this.connection.primary.displayName} has no projects to choose from.` },
      );
    }
    if (selection.projectKeys.length === 0) return;
    const known = new Set((await this.projects()).map(({ key }) => key));
    const unknown = selection.projectKeys.filter((key) => !known.has(key));
    if (unknown.length > 0) {
      throw new AntipodeError(
        'not_found',
        'choosing projects',
        { unknown },
        { hint: `The primary has no project ${unknown.join(', ')}.` },
      );
    }
  }
}
