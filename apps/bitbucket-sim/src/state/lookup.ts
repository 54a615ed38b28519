import type { Project, Repository, State, User, Workspace } from './model.js';

/** `{uuid}` and slug are interchangeable in Bitbucket's paths. */
const isUuid = (text: string): boolean => /^\{[0-9a-fA-F-]{36}\}$/.test(text);
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export function findWorkspace(state: State, id: string): Workspace | undefined {
  return state.workspaces.find((w) => (isUuid(id) ? same(w.uuid, id) : same(w.slug, id)));
}

export function findProject(state: State, workspace: Workspace, id: string): Project | undefined {
  return state.projects.find(
    (p) => p.workspaceUuid === workspace.uuid && (isUuid(id) ? same(p.uuid, id) : same(p.key, id)),
  );
}

/**
 * By `{ws}/{slug}`, `{ws}/{uuid}`, or `{}/{uuid}`: empty braces stand for "whatever workspace".
 * Old slugs are gone at once after a rename, as on Bitbucket.
 */
export function findRepository(state: State, workspaceId: string, id: string): Repository | undefined {
  if (workspaceId === '{}') return isUuid(id) ? state.repositories.find((r) => same(r.uuid, id)) : undefined;
  const workspace = findWorkspace(state, workspaceId);
  if (!workspace) return undefined;
  return state.repositories.find(
    (r) => r.workspaceUuid === workspace.uuid && (isUuid(id) ? same(r.uuid, id) : same(r.slug, id)),
  );
}

/** By uuid or account id; never by username, which Bitbucket stopped to answer in 2020. */
export function findUser(state: State, id: string): User | undefined {
  return state.users.find((u) => same(u.uuid, id) || same(u.uuid, `{${id}}`) || u.accountId === id);
}

export const workspaceOf = (state: State, owned: { workspaceUuid: string }): Workspace =>
  required(state.workspaces.find((w) => w.uuid === owned.workspaceUuid));

export const projectOf = (state: State, repository: Repository): Project =>
  required(state.projects.find((p) => p.uuid === repository.projectUuid));

export const fullName = (state: State, repository: Repository): string =>
  `${workspaceOf(state, repository).slug}/${repository.slug}`;

function required<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('the state refers to something that is not there');
  return found;
}
