import { Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import type { PrimaryProject } from '@antipode/primary';
import { AuditStore } from '../audit/audit.store.js';
import type { Initiator } from '../audit/initiator.js';
import { ConnectionService } from '../connection/connection.service.js';
import { DiscoveryService } from '../discovery/discovery.service.js';
import { RepositoriesStore, type Transaction } from '../repositories/repositories.store.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { isNarrowing, type ProjectChoice, type PublicPolicy, type Selection } from './selection.js';
import { SelectionChanges, type SelectionChange } from './selection-change.js';
import { SelectionStore } from './selection.store.js';

export interface Choose {
  readonly by: Initiator;
  /** Absent: as it is. */
  readonly publicRepositories?: PublicPolicy | undefined;
  /** allowed: also from all projects back to some. */
  readonly narrowing?: 'refused' | 'allowed';
}

export interface Chosen {
  readonly chosen: Selection;
  readonly change: SelectionChange;
}

/** Reading and changing which projects are mirrored. */
@Injectable()
export class SelectionService {
  constructor(
    private readonly audit: AuditStore,
    private readonly changes: SelectionChanges,
    private readonly connection: ConnectionService,
    private readonly discovery: DiscoveryService,
    private readonly repositories: RepositoriesStore,
    private readonly feed: RepositoryFeed,
    private readonly store: SelectionStore,
  ) {}

  async read(): Promise<Selection> {
    return this.connection.primary.discovery
      ? this.store.read()
      : { all: true, publicRepositories: 'include' };
  }

  /** What `choose` would do, narrowing included; nothing is changed. @throws AntipodeError like `choose` */
  async preview(choice: ProjectChoice, options: Omit<Choose, 'by'>): Promise<Chosen> {
    await this.check(choice, options.publicRepositories);
    const before = await this.read();
    const chosen = merge(before, choice, options.publicRepositories);
    return { chosen, change: await this.changes.preview(before, chosen) };
  }

  /**
   * Chooses. What is no longer selected stops being served at once; discovery of the rest begins at once.
   *
   * @throws AntipodeError `not_found` names a project that the primary does not have; `unsupported` where it has none;
   *   `conflict` for narrowing that was not allowed.
   */
  async choose(choice: ProjectChoice, options: Choose): Promise<Chosen> {
    await this.check(choice, options.publicRepositories);
    if (!this.connection.primary.discovery) {
      const chosen = await this.read();
      return { chosen, change: await this.changes.describe(chosen, chosen) };
    }
    const done = await this.repositories.change((transaction) => this.write(transaction, choice, options));
    await this.feed.refresh();
    this.discovery.sweepSoon('full');
    return done;
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

  /** @throws AntipodeError `not_found` names those that the primary does not have. */
  async checkKeys(keys: readonly string[]): Promise<void> {
    if (!this.connection.primary.discovery) throw this.unsupported('has no projects to choose from');
    if (keys.length === 0) return;
    const known = new Set((await this.projects()).map(({ key }) => key));
    const unknown = keys.filter((key) => !known.has(key));
    if (unknown.length > 0) {
      throw new AntipodeError(
        'not_found',
        'choosing projects',
        { unknown },
        { hint: `The primary has no project ${unknown.join(', ')}.` },
      );
    }
  }

  private async write(transaction: Transaction, choice: ProjectChoice, options: Choose): Promise<Chosen> {
    const before = await this.store.read(transaction);
    const chosen = merge(before, choice, options.publicRepositories);
    if (isNarrowing(before, chosen) && options.narrowing !== 'allowed') throw narrowingRefused();
    const change = await this.changes.describe(before, chosen, transaction);
    await this.store.write(transaction, chosen);
    await this.repositories.removeUnselected(transaction);
    if (JSON.stringify(before) !== JSON.stringify(chosen)) {
      const after = { ...chosen, removedRepositories: change.removes.count };
      await this.audit.add(transaction, { action: 'selection.changed', by: options.by, before, after });
    }
    return { chosen, change };
  }

  private async check(choice: ProjectChoice, policy: PublicPolicy | undefined): Promise<void> {
    if (!choice.all) await this.checkKeys(choice.projectKeys);
    if (policy === 'exclude' && !this.connection.primary.discovery)
      throw this.unsupported(
        'does not say which repositories are public; leave those out of PRIMARY_REPOSITORIES',
      );
  }

  private unsupported(what: string): AntipodeError {
    const { displayName } = this.connection.primary;
    return new AntipodeError('unsupported', 'choosing projects', {}, { hint: `${displayName} ${what}.` });
  }
}

const merge = (before: Selection, choice: ProjectChoice, policy: PublicPolicy | undefined): Selection => ({
  ...(choice.all ? choice : { all: false, projectKeys: [...new Set(choice.projectKeys)].sort() }),
  publicRepositories: policy ?? before.publicRepositories,
});

const narrowingRefused = (): AntipodeError =>
  new AntipodeError(
    'conflict',
    'choosing projects',
    {},
    {
      hint:
        'This mirror mirrors all projects. Going back to individual projects takes every repository of the others ' +
        'from the mirror. "dryRun": true shows which; "allowNarrowing": true does it.',
    },
  );
