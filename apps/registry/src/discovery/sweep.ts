import { Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import type { ConnectionCredential, Discovery, PrimaryRepository } from '@antipode/primary';
import { ConnectionService } from '../connection/connection.service.js';
import { RepositoriesStore } from '../repositories/repositories.store.js';
import type { KnownRepository } from '../repositories/repository.js';
import type { Selection } from '../selection/selection.js';
import { SelectionStore } from '../selection/selection.store.js';
import { comparePage, hiddenAmong, missingFrom } from './plan-sweep.js';
import { Removals } from './removals.js';
import { TakeNews } from './take-news.js';

/** recent: stops at the first page without news. full: lists everything, which alone can tell what is gone. */
export type SweepKind = 'recent' | 'full';

/** Up to this many known repositories (two pages) a full listing costs no more than a recent one. */
const SMALL = 150;
/** Up to this many selected projects are listed one by one; more, and the whole workspace is cheaper. */
const FEW_PROJECTS = 3;

interface Run {
  readonly discovery: Discovery;
  readonly credential: ConnectionCredential;
  readonly selection: Selection;
  readonly known: ReadonlyMap<RepositoryId, KnownRepository>;
  readonly signal: AbortSignal;
}

/** What the primary has told in a full sweep. */
interface Told {
  readonly listed: ReadonlySet<RepositoryId>;
  readonly left: ReadonlySet<RepositoryId>;
  /** Keys of the projects that it shows us. */
  readonly shown: ReadonlySet<string>;
}

/** One comparison of the primary's listing with our table. */
@Injectable()
export class Sweep {
  constructor(
    private readonly connection: ConnectionService,
    private readonly selections: SelectionStore,
    private readonly repositories: RepositoriesStore,
    private readonly news: TakeNews,
    private readonly removals: Removals,
  ) {}

  /** @returns which kind it became. */
  async run(discovery: Discovery, wanted: SweepKind, signal: AbortSignal): Promise<SweepKind> {
    const selection = await this.selections.read();
    if (!selection.all && selection.projectKeys.length === 0) {
      // Nothing to find; but whether the credential still opens the workspace, people want to know.
      const credential = await this.connection.credential();
      await this.selections.replaceProjects(await discovery.listProjects(credential, signal));
      return 'full';
    }
    const known = await this.repositories.known();
    const kind = known.size <= SMALL ? 'full' : wanted;
    const run = { discovery, credential: await this.connection.credential(), selection, known, signal };
    const { listed, left } = await this.list(run, kind);
    if (kind === 'full') {
      const projects = await discovery.listProjects(run.credential, signal);
      await this.removeMissing(run, { listed, left, shown: new Set(projects.map(({ key }) => key)) });
      await this.selections.replaceProjects(projects);
    }
    return kind;
  }

  private async list(
    run: Run,
    kind: SweepKind,
  ): Promise<{ listed: Set<RepositoryId>; left: Set<RepositoryId> }> {
    const listed = new Set<RepositoryId>();
    const left = new Set<RepositoryId>();
    for (const scope of scopes(run.selection)) {
      for await (const page of pages(run, scope)) {
        const news = comparePage(page, run.known, run.selection);
        for (const { id } of page) listed.add(id);
        for (const id of news.left) left.add(id);
        await this.news.take(news, run.known);
        if (kind === 'recent' && news.changed.length === 0) break;
      }
    }
    return { listed, left };
  }

  /**
   * A repository that was updated while we listed may have moved from a page that was still to come to one that
   * had passed. So a second listing must miss it as well.
   */
  private async removeMissing(run: Run, { listed, left, shown }: Told): Promise<void> {
    const missing = missingFrom(listed, run.known);
    const again = missing.length > 0 ? (await this.list(run, 'full')).listed : new Set<RepositoryId>();
    const vanished = missing.filter((id) => !again.has(id));
    const hidden = hiddenAmong(vanished, run.known, shown);
    await this.removals.remove({ vanished, left: [...left] }, { hidden, all: activeCount(run.known) });
  }
}

/** The listings that a selection takes: project by project, or everything (undefined). */
function scopes(selection: Selection): (string | undefined)[] {
  return selection.all || selection.projectKeys.length > FEW_PROJECTS
    ? [undefined]
    : [...selection.projectKeys];
}

async function* pages(run: Run, projectKey: string | undefined): AsyncGenerator<PrimaryRepository[]> {
  const options = { credential: run.credential, ...(projectKey === undefined ? {} : { projectKey }) };
  for await (const page of run.discovery.listRepositories(options, run.signal)) {
    run.signal.throwIfAborted();
    yield page;
  }
}

const activeCount = (known: ReadonlyMap<RepositoryId, KnownRepository>): number =>
  [...known.values()].filter(({ removed }) => !removed).length;
