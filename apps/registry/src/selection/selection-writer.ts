import { Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { AuditStore } from '../audit/audit.store.js';
import type { Initiator } from '../audit/initiator.js';
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

/** Writes a choice down, with what follows from it at once and the line in the log: all of it or nothing. */
@Injectable()
export class SelectionWriter {
  constructor(
    private readonly audit: AuditStore,
    private readonly changes: SelectionChanges,
    private readonly feed: RepositoryFeed,
    private readonly repositories: RepositoriesStore,
    private readonly store: SelectionStore,
  ) {}

  read(): Promise<Selection> {
    return this.store.read();
  }

  /** @throws AntipodeError `conflict` for narrowing that was not allowed. */
  async write(choice: ProjectChoice, options: Choose): Promise<Chosen> {
    const done = await this.repositories.change((transaction) => this.apply(transaction, choice, options));
    await this.feed.refresh();
    return done;
  }

  private async apply(transaction: Transaction, choice: ProjectChoice, options: Choose): Promise<Chosen> {
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
}

export const merge = (
  before: Selection,
  choice: ProjectChoice,
  policy: PublicPolicy | undefined,
): Selection => ({
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
