import type { Simulator } from '../simulator.js';
import { emptyGrants } from '../state/empty-grants.js';
import { newUuid, timestamp } from '../state/identity.js';
import { fullName, workspaceOf } from '../state/lookup.js';
import type { Project, Repository, Workspace } from '../state/model.js';
import type { Changes } from '../hooks/event-source.js';
import type { Actor } from './pushes.js';

/** What can happen to a repository besides pushes; REST and the control API both come here. */

export interface NewRepository {
  readonly slug: string;
  readonly name: string;
  readonly project: Project;
  readonly isPrivate: boolean;
  readonly description?: string;
  readonly language?: string;
  readonly parent?: Repository;
}

export async function createRepository(
  sim: Simulator,
  order: NewRepository,
  actor: Actor,
): Promise<Repository> {
  const now = timestamp();
  const { parent } = order;
  const repository: Repository = {
    uuid: newUuid(),
    workspaceUuid: order.project.workspaceUuid,
    projectUuid: order.project.uuid,
    slug: order.slug,
    name: order.name,
    description: order.description ?? parent?.description ?? '',
    language: order.language ?? parent?.language ?? '',
    website: '',
    isPrivate: order.isPrivate,
    forkPolicy: 'allow_forks',
    parentUuid: parent?.uuid ?? null,
    mainbranch: parent?.mainbranch ?? null,
    sizeBytes: parent?.sizeBytes ?? 0,
    createdOn: now,
    updatedOn: now,
    grants: emptyGrants(),
  };
  if (parent) await Promise.all([sim.disk.copy(parent, repository), sim.lfsDisk.copy(parent, repository)]);
  else await sim.disk.create(repository);
  sim.store.state.repositories.push(repository);
  await sim.store.save();
  if (parent) sim.events.forked(parent, repository, actor);
  sim.events.created(repository, actor);
  return repository;
}

/** Fields by their REST names, so that `changes` of repo:updated can be read off. */
export interface RepositoryChange {
  readonly name?: string;
  readonly slug?: string;
  readonly description?: string;
  readonly website?: string;
  readonly language?: string;
  readonly isPrivate?: boolean;
  readonly forkPolicy?: string;
  readonly mainbranch?: string;
  readonly project?: Project;
}

export async function updateRepository(
  sim: Simulator,
  repository: Repository,
  change: RepositoryChange,
  actor: Actor,
): Promise<void> {
  const before = { ...repository };
  const nameBefore = fullName(sim.store.state, repository);
  const { project, ...plain } = change;
  Object.assign(repository, plain);
  if (project) repository.projectUuid = project.uuid;
  repository.updatedOn = timestamp();
  const changes = told(before, repository, nameBefore, fullName(sim.store.state, repository));
  await sim.store.save();
  if (Object.keys(changes).length > 0) sim.events.updated(repository, actor, changes);
}

/** repo:updated tells of name, full_name, website, language, description and links (§9). */
function told(before: Repository, after: Repository, nameBefore: string, nameAfter: string): Changes {
  const changes: Record<string, { old: unknown; new: unknown }> = {};
  for (const field of ['name', 'website', 'language', 'description'] as const) {
    if (before[field] !== after[field]) changes[field] = { old: before[field], new: after[field] };
  }
  if (nameBefore !== nameAfter) {
    const links = (name: string) => ({
      html: { href: `https://bitbucket.org/${name}` },
      self: { href: `https://api.bitbucket.org/2.0/repositories/${name}` },
    });
    changes['full_name'] = { old: nameBefore, new: nameAfter };
    changes['links'] = { old: links(nameBefore), new: links(nameAfter) };
  }
  return changes;
}

export async function deleteRepository(sim: Simulator, repository: Repository, actor: Actor): Promise<void> {
  const { state } = sim.store;
  // Told before it is gone: its own hooks die with it, those of the workspace do not.
  sim.events.deleted(repository, actor);
  state.repositories = state.repositories.filter((one) => one !== repository);
  for (const fork of state.repositories) if (fork.parentUuid === repository.uuid) fork.parentUuid = null;
  dropOwned(sim, repository);
  await sim.store.save();
  await Promise.all([sim.disk.remove(repository), sim.lfsDisk.remove(repository)]);
}

/** To another workspace: its tokens die, its uuid stays. */
export async function transferRepository(
  sim: Simulator,
  repository: Repository,
  to: Project,
  actor: Actor,
): Promise<void> {
  const previous: Workspace = workspaceOf(sim.store.state, repository);
  repository.workspaceUuid = to.workspaceUuid;
  repository.projectUuid = to.uuid;
  repository.grants = emptyGrants();
  repository.updatedOn = timestamp();
  const { state } = sim.store;
  state.tokens = state.tokens.filter((token) => token.ownerUuid !== repository.uuid);
  await sim.store.save();
  sim.events.transferred(repository, actor, previous);
}

function dropOwned(sim: Simulator, repository: Repository): void {
  const { state } = sim.store;
  state.tokens = state.tokens.filter((token) => token.ownerUuid !== repository.uuid);
  state.hooks = state.hooks.filter((hook) => hook.subjectUuid !== repository.uuid);
  state.deployKeys = state.deployKeys.filter((key) => key.subjectUuid !== repository.uuid);
  state.lfsLocks = state.lfsLocks.filter((lock) => lock.repositoryUuid !== repository.uuid);
}
