import type { User, Repository, Token } from '../state/model.js';
import { timestamp } from '../state/identity.js';
import type { StateStore } from '../state/state.store.js';
import type { EventSource } from '../hooks/event-source.js';
import type { RefUpdate } from './ref-update.js';
import type { RepositoryDisk } from './repository-disk.js';
import { readRefs } from './read-refs.js';
import { runGit } from './run-git.js';

/** Who moved the refs: a person, an access token ("a user named after the token"), or nobody known. */
export type Actor = User | Token | undefined;

/** Everything that follows from moved refs, however they were moved: one path for git, helpers and REST. */
export class Pushes {
  constructor(
    private readonly store: StateStore,
    private readonly disk: RepositoryDisk,
    private readonly events: EventSource,
  ) {}

  async record(repository: Repository, actor: Actor, updates: readonly RefUpdate[]): Promise<void> {
    if (updates.length === 0) return;
    repository.updatedOn = timestamp();
    repository.sizeBytes = await this.disk.size(repository);
    if (repository.mainbranch === null) await this.#chooseMainbranch(repository);
    this.store.touch();
    await this.events.pushed(repository, actor, updates);
  }

  /** The first push to an empty repository decides what its main branch is. */
  async #chooseMainbranch(repository: Repository): Promise<void> {
    const path = this.disk.path(repository);
    const branches = await readRefs(path, 'refs/heads');
    const names = branches.map((branch) => branch.name);
    const chosen = ['main', 'master'].find((name) => names.includes(name)) ?? names[0];
    if (chosen === undefined) return;
    repository.mainbranch = chosen;
    await runGit(path, ['symbolic-ref', 'HEAD', `refs/heads/${chosen}`]);
  }
}
