import type { Actor } from '../git/pushes.js';
import type { RefUpdate } from '../git/ref-update.js';
import type { RepositoryDisk } from '../git/repository-disk.js';
import type { Json, Urls } from '../rest/shapes/links.js';
import { fullProjectShape } from '../rest/shapes/project.js';
import { condensedRepositoryShape, eventRepositoryShape } from '../rest/shapes/repository.js';
import { tokenShape, userShape } from '../rest/shapes/user.js';
import { workspaceShape } from '../rest/shapes/workspace.js';
import type { Project, Repository, Workspace } from '../state/model.js';
import type { StateStore } from '../state/state.store.js';
import { pushChanges } from './push-payload.js';
import type { Webhooks } from './webhooks.js';

/** `changes` of an update: field → what it was and what it is. */
export type Changes = Readonly<Record<string, { readonly old: unknown; readonly new: unknown }>>;

/** Turns what happened into the documented payloads and hands them to the webhooks. */
export class EventSource {
  constructor(
    private readonly store: StateStore,
    private readonly disk: RepositoryDisk,
    private readonly webhooks: Webhooks,
    private readonly urls: Urls,
  ) {}

  async pushed(repository: Repository, actor: Actor, updates: readonly RefUpdate[]): Promise<void> {
    const { state } = this.store;
    const subject = { workspaceUuid: repository.workspaceUuid, repository };
    if (!this.webhooks.isWanted('repo:push', subject)) return;
    const path = this.disk.path(repository);
    const changes = await pushChanges({ state, urls: this.urls, repository, path }, updates);
    if (changes.length > 0) this.#fire('repo:push', repository, actor, { push: { changes } });
  }

  created(repository: Repository, actor: Actor): void {
    this.#fire('repo:created', repository, actor);
  }

  deleted(repository: Repository, actor: Actor): void {
    this.#fire('repo:deleted', repository, actor);
  }

  updated(repository: Repository, actor: Actor, changes: Changes): void {
    this.#fire('repo:updated', repository, actor, { changes });
  }

  forked(source: Repository, fork: Repository, actor: Actor): void {
    this.#fire('repo:fork', source, actor, {
      fork: condensedRepositoryShape(this.store.state, this.urls, fork),
    });
  }

  transferred(repository: Repository, actor: Actor, previous: Workspace): void {
    this.#fire('repo:transfer', repository, actor, {
      previous_workspace: workspaceShape(this.urls, previous),
    });
  }

  projectUpdated(project: Project, actor: Actor, changes: Changes): void {
    const payload = {
      actor: this.#actor(actor),
      project: fullProjectShape(this.store.state, this.urls, project),
      changes,
    };
    this.webhooks.fire(
      'project:updated',
      { workspaceUuid: project.workspaceUuid, repository: undefined },
      payload,
    );
  }

  #fire(event: string, repository: Repository, actor: Actor, more: Json = {}): void {
    const payload = {
      ...more,
      repository: eventRepositoryShape(this.store.state, this.urls, repository),
      actor: this.#actor(actor),
    };
    this.webhooks.fire(event, { workspaceUuid: repository.workspaceUuid, repository }, payload);
  }

  #actor(actor: Actor): Json | null {
    if (!actor) return null;
    return 'secret' in actor ? tokenShape(this.urls, actor) : userShape(this.urls, actor);
  }
}
