import { Injectable } from '@nestjs/common';
import { listsOfAll, type ListName } from './access-key-list.js';
import { AccessKeysStore } from './access-keys.store.js';
import { CallBudget } from './call-budget.js';
import { SelectedRepositories } from './selected-repositories.js';

/** No list has its turn oftener than this, however few there are. */
const AGAIN_MS = 120_000;
/** Half of the calls are kept for those who wait with a new key. */
const KEEP = 0.5;

/** Whose access keys are read next: a project's and a repository's in turn, the one first that was read longest ago. */
@Injectable()
export class AccessKeyTurns {
  private listedVersion = -1;
  private last: ListName['kind'] = 'repository';

  constructor(
    private readonly repositories: SelectedRepositories,
    private readonly store: AccessKeysStore,
    private readonly budget: CallBudget,
  ) {}

  /** False until it is known which lists there are. */
  get isReady(): boolean {
    return this.listedVersion >= 0;
  }

  /** Undefined where no list is due, or no call is left. */
  async next(): Promise<ListName | undefined> {
    await this.followSelection();
    if (!this.isReady || !(await this.budget.take(KEEP))) return undefined;
    const before = this.last;
    this.last = before === 'project' ? 'repository' : 'project';
    const list =
      (await this.store.claimOldest(this.last, AGAIN_MS)) ?? (await this.store.claimOldest(before, AGAIN_MS));
    if (!list) await this.budget.giveBack();
    return list;
  }

  private async followSelection(): Promise<void> {
    const { version, isKnown } = this.repositories;
    // An empty table that nobody has told us would forget every key.
    if (version === this.listedVersion || !isKnown) return;
    await this.store.setLists(listsOfAll(this.repositories.all()));
    this.listedVersion = version;
  }
}
