import { mayCreateIn, permissionOn } from '../../access/permission.js';
import { SCOPES } from '../../access/scopes.js';
import {
  createRepository,
  deleteRepository,
  updateRepository,
  type RepositoryChange,
} from '../../git/change-repository.js';
import { readRefs } from '../../git/read-refs.js';
import { runGit } from '../../git/run-git.js';
import { slugify } from '../../state/identity.js';
import { findProject, findRepository, findWorkspace, projectOf, workspaceOf } from '../../state/lookup.js';
import type { Project, Repository, Workspace } from '../../state/model.js';
import { badFields, badRequest, forbidden, notFound } from '../rest-error.js';
import { repositoryOfCall, textOf, workspaceOfCall } from '../resolve.js';
import { actorOf, created, moved, noContent, ok, type Call, type RestRoute } from '../rest-route.js';
import type { Json } from '../shapes/links.js';
import { shown } from './repositories.js';

/** "Automatically assigned to the oldest project in the workspace" where none is named. */
function wantedProject(call: Call, workspace: Workspace): Project {
  const { project } = call.body;
  const key =
    typeof project === 'object' && project !== null
      ? ((project as Json)['key'] ?? (project as Json)['uuid'])
      : undefined;
  if (typeof key === 'string') {
    const found = findProject(call.state, workspace, key);
    if (!found) throw badFields({ project: ['Project not found.'] });
    return found;
  }
  const oldest = call.state.projects.find((one) => one.workspaceUuid === workspace.uuid);
  if (!oldest) throw badFields({ project: ['The workspace has no project.'] });
  return oldest;
}

const taken = (call: Call, workspace: Workspace, slug: string): boolean =>
  findRepository(call.state, workspace.slug, slug) !== undefined;
const clash = () => badFields({ name: ['Repository with this Slug and Owner already exists.'] });

async function create(call: Call) {
  const workspace = workspaceOfCall(call);
  const slug = slugify(call.params['repository'] ?? '');
  if (slug === '') throw badFields({ name: ['Invalid repository name.'] });
  if (taken(call, workspace, slug)) throw clash();
  const project = wantedProject(call, workspace);
  // 400, not 403, where somebody may not create: the spec says so.
  if (!mayCreateIn(call.state, call.principal, project))
    throw badRequest('You cannot create repositories in this project.');
  const isPrivate = privacyIn(project, call.body['is_private']);
  const order = {
    slug,
    name: textOf(call.body, 'name') ?? call.params['repository'] ?? slug,
    project,
    isPrivate,
  };
  const repository = await createRepository(
    call.sim,
    { ...order, ...textsOf(call.body) },
    actorOf(call.principal),
  );
  return ok(shown(call, repository));
}

function privacyIn(project: Project, asked: unknown): boolean {
  const isPrivate = typeof asked === 'boolean' ? asked : project.isPrivate;
  if (project.isPrivate && !isPrivate)
    throw badFields({ is_private: ['A private project cannot contain public repositories.'] });
  return isPrivate;
}

function textsOf(body: Json): Pick<RepositoryChange, 'description' | 'language'> {
  const [description, language] = [textOf(body, 'description'), textOf(body, 'language')];
  return {
    ...(description === undefined ? {} : { description }),
    ...(language === undefined ? {} : { language }),
  };
}

async function put(call: Call) {
  if (!findRepository(call.state, call.params['workspace'] ?? '', call.params['repository'] ?? '')) {
    return { ...(await create(call)), status: 201 };
  }
  const repository = repositoryOfCall(call, 'admin');
  const slugBefore = repository.slug;
  const change = await wantedChange(call, repository);
  await updateRepository(call.sim, repository, change, actorOf(call.principal));
  const json = shown(call, repository);
  if (slugBefore === repository.slug) return ok(json);
  const workspace = workspaceOf(call.state, repository);
  return moved(json, call.urls.api(`/repositories/${workspace.slug}/${repository.slug}`).href);
}

/** A new name is a new slug. */
async function wantedChange(call: Call, repository: Repository): Promise<RepositoryChange> {
  const { body, state } = call;
  const workspace = workspaceOf(state, repository);
  const name = textOf(body, 'name');
  const slug = name === undefined ? undefined : slugify(name);
  if (slug === '') throw badFields({ name: ['Invalid repository name.'] });
  if (slug !== undefined && slug !== repository.slug && taken(call, workspace, slug)) throw clash();
  const project =
    body['project'] === undefined ? projectOf(state, repository) : wantedProject(call, workspace);
  const isPrivate = body['is_private'] === undefined ? repository.isPrivate : body['is_private'] === true;
  if (project.isPrivate && !isPrivate)
    throw badFields({ is_private: ['A private project cannot contain public repositories.'] });
  const [website, forkPolicy] = [textOf(body, 'website'), textOf(body, 'fork_policy')];
  return {
    ...(name === undefined || slug === undefined ? {} : { name, slug }),
    ...textsOf(body),
    ...(website === undefined ? {} : { website }),
    ...(forkPolicy === undefined ? {} : { forkPolicy }),
    ...(await wantedMainbranch(call, repository)),
    isPrivate,
    project,
  };
}

async function wantedMainbranch(call: Call, repository: Repository): Promise<{ mainbranch?: string }> {
  const asked = call.body['mainbranch'];
  const name = typeof asked === 'object' && asked !== null ? (asked as Json)['name'] : undefined;
  if (typeof name !== 'string' || name === repository.mainbranch) return {};
  const path = call.sim.disk.path(repository);
  const exists = (await readRefs(path, 'refs/heads')).some((ref) => ref.name === name);
  if (!exists) throw badFields({ mainbranch: ['Branch not found.'] });
  await runGit(path, ['symbolic-ref', 'HEAD', `refs/heads/${name}`]);
  return { mainbranch: name };
}

async function remove(call: Call) {
  await deleteRepository(call.sim, repositoryOfCall(call, 'admin'), actorOf(call.principal));
  return noContent();
}

async function fork(call: Call) {
  const parent = repositoryOfCall(call);
  const asked = call.body['workspace'];
  const id = typeof asked === 'object' && asked !== null ? textOf(asked as Json, 'slug') : undefined;
  const workspace = id === undefined ? workspaceOf(call.state, parent) : findWorkspace(call.state, id);
  if (!workspace) throw notFound(`No workspace with identifier '${id}'.`);
  const name = textOf(call.body, 'name') ?? parent.name;
  const slug = slugify(name);
  if (taken(call, workspace, slug)) throw clash();
  const project = wantedProject(call, workspace);
  if (!mayCreateIn(call.state, call.principal, project) || !permissionOn(call.state, call.principal, parent))
    throw forbidden();
  const isPrivate = privacyIn(project, call.body['is_private'] ?? (project.isPrivate || parent.isPrivate));
  const made = await createRepository(
    call.sim,
    { slug, name, project, isPrivate, parent, ...textsOf(call.body) },
    actorOf(call.principal),
  );
  return created(shown(call, made), call.urls.api(`/repositories/${workspace.slug}/${made.slug}`).href);
}

const ONE = '/repositories/:workspace/:repository';
const callers = 'authenticated';

export const REPOSITORY_CHANGES: readonly RestRoute[] = [
  { method: 'POST', path: ONE, scopes: SCOPES.adminRepository, callers, handle: create },
  { method: 'PUT', path: ONE, scopes: SCOPES.adminRepository, callers, handle: put },
  { method: 'DELETE', path: ONE, scopes: SCOPES.deleteRepository, callers, handle: remove },
  { method: 'POST', path: `${ONE}/forks`, scopes: SCOPES.writeAndReadRepository, callers, handle: fork },
];
