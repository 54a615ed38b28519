import { Injectable } from '@nestjs/common';
import type { PrimaryRepository } from '@antipode/primary';
import { ConnectionService } from '../connection/connection.service.js';
import { Database } from '../database/database.js';
import type { Transaction } from '../repositories/repositories.store.js';
import { covers, isNarrowing, projectsBeyond, widensToAll, type Selection } from './selection.js';
import { SelectionStore } from './selection.store.js';

/** Enough to recognise what is meant; the counts are of all. */
const MOST_LISTED = 1000;

export interface AffectedRepository {
  readonly id: string;
  readonly path: string;
  readonly projectKey: string;
  readonly public: boolean;
  readonly sizeBytes: number;
}

export interface Affected {
  readonly projectKeys: string[];
  readonly count: number;
  readonly sizeBytes: number;
  readonly repositories: AffectedRepository[];
  readonly complete: boolean;
}

export interface SelectionChange {
  readonly narrowing: boolean;
  readonly removes: Affected;
  readonly adds: Affected;
}

/** What a change of the selection takes away and brings. */
@Injectable()
export class SelectionChanges {
  constructor(
    private readonly connection: ConnectionService,
    private readonly database: Database,
    private readonly store: SelectionStore,
  ) {}

  /** By what we know alone: the repositories that come are left to discovery. */
  async describe(
    before: Selection,
    after: Selection,
    transaction: Transaction = this.database.prisma,
  ): Promise<SelectionChange> {
    const known = (await this.store.projects()).map(({ key }) => key);
    const added = projectsBeyond(after, before, known);
    const isComplete = added.length === 0 && !widensToAll(before, after);
    return {
      narrowing: isNarrowing(before, after),
      removes: { projectKeys: projectsBeyond(before, after, known), ...(await removed(transaction, after)) },
      adds: { projectKeys: added, count: 0, sizeBytes: 0, repositories: [], complete: isComplete },
    };
  }

  /** With the repositories that would come, which the primary is asked for. @throws AntipodeError `not_connected`, `primary_*` */
  async preview(before: Selection, after: Selection): Promise<SelectionChange> {
    const change = await this.describe(before, after);
    const opened = before.publicRepositories === 'exclude' && after.publicRepositories === 'include';
    // The projects that we know of need not be all.
    const isWhole = opened || widensToAll(before, after);
    const grows = isWhole || change.adds.projectKeys.length > 0;
    if (!grows) return change;
    const scopes = isWhole ? undefined : change.adds.projectKeys;
    const found: PrimaryRepository[] = [];
    await this.connection.asking(async () => {
      for await (const repository of this.listed(scopes)) {
        if (covers(after, repository) && !covers(before, repository)) found.push(repository);
      }
    });
    return { ...change, adds: { projectKeys: change.adds.projectKeys, ...affected(found) } };
  }

  /** @param projectKeys absent: the whole workspace. */
  private async *listed(projectKeys: readonly string[] | undefined): AsyncGenerator<PrimaryRepository> {
    const { discovery } = this.connection.primary;
    if (!discovery) return;
    const credential = await this.connection.credential();
    for (const scope of projectKeys ?? [undefined]) {
      const options = { credential, ...(scope === undefined ? {} : { projectKey: scope }) };
      for await (const page of discovery.listRepositories(options)) yield* page;
    }
  }
}

async function removed(transaction: Transaction, after: Selection): Promise<Omit<Affected, 'projectKeys'>> {
  const rows = await transaction.repository.findMany({
    where: { removedAt: null, origin: 'discovery' },
    orderBy: { path: 'asc' },
    select: { id: true, path: true, projectKey: true, public: true, sizeBytes: true },
  });
  return affected(
    rows
      .filter((row) => !covers(after, row))
      .map(({ sizeBytes, ...row }) => ({ ...row, sizeBytes: Number(sizeBytes) })),
  );
}

function affected(repositories: readonly AffectedRepository[]): Omit<Affected, 'projectKeys'> {
  return {
    count: repositories.length,
    sizeBytes: repositories.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    repositories: repositories
      .slice(0, MOST_LISTED)
      .map(({ id, path, projectKey, public: isPublic, sizeBytes }) => ({
        id,
        path,
        projectKey,
        public: isPublic,
        sizeBytes,
      })),
    complete: repositories.length <= MOST_LISTED,
  };
}
