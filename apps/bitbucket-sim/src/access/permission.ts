import { projectOf, workspaceOf } from '../state/lookup.js';
import type {
  Grants,
  Project,
  Repository,
  RepositoryPermission,
  State,
  Token,
  User,
  Workspace,
} from '../state/model.js';
import type { Knocker, Principal } from './principal.js';
import { effectiveScopes } from './scopes.js';

const RANK: Readonly<Record<RepositoryPermission, number>> = { read: 1, write: 2, admin: 3 };

export const atLeast = (has: RepositoryPermission | undefined, wanted: RepositoryPermission): boolean =>
  has !== undefined && RANK[has] >= RANK[wanted];

const highest = (all: (RepositoryPermission | undefined)[]): RepositoryPermission | undefined =>
  all.reduce((best, one) => (one && (!best || RANK[one] > RANK[best]) ? one : best), undefined);

/**
 * "Effective": the highest of workspace ownership, project and repository grants, direct or by
 * group. Public repositories without a grant do not count here (§4).
 */
export function grantedPermission(
  state: State,
  user: User,
  repository: Repository,
): RepositoryPermission | undefined {
  const workspace = workspaceOf(state, repository);
  const membership = workspace.members[user.uuid];
  if (membership === 'owner') return 'admin';
  const project = projectOf(state, repository);
  return highest([
    ...granted(repository.grants, user, workspace),
    ...granted(project.grants, user, workspace).map((one) => (one === 'create-repo' ? 'write' : one)),
  ]);
}

function granted<P>(grants: Grants<P>, user: User, workspace: Workspace): (P | undefined)[] {
  const groups = workspace.groups.filter((group) => group.members.includes(user.uuid));
  return [grants.users[user.uuid], ...groups.map((group) => grants.groups[group.slug])];
}

/** What the principal may do with the repository, public reading included. */
export function permissionOn(
  state: State,
  principal: Knocker,
  repository: Repository,
): RepositoryPermission | undefined {
  const everybody = repository.isPrivate ? undefined : 'read';
  switch (principal.kind) {
    case 'anonymous':
      return everybody;
    case 'user':
    case 'key-of-user':
      return highest([everybody, grantedPermission(state, principal.user, repository)]);
    case 'access-token':
      return highest([everybody, tokenPermission(principal.token, repository)]);
    case 'deploy-key':
      // Not even a public repository: the key opens what it was put on.
      return opens(state, principal.fingerprint, repository) ? 'read' : undefined;
  }
}

const opens = (state: State, fingerprint: string, repository: Repository): boolean =>
  state.deployKeys.some(
    (key) =>
      key.fingerprint === fingerprint && [repository.uuid, repository.projectUuid].includes(key.subjectUuid),
  );

function tokenPermission(token: Token, repository: Repository): RepositoryPermission | undefined {
  const covered: Record<string, string> = {
    repository: repository.uuid,
    project: repository.projectUuid,
    workspace: repository.workspaceUuid,
    consumer: repository.workspaceUuid,
  };
  if (covered[token.kind] !== token.ownerUuid) return undefined;
  const scopes = effectiveScopes(token.scopes);
  if (scopes.has('repository:admin')) return 'admin';
  if (scopes.has('repository:write')) return 'write';
  // Any token sees that its own resource exists; the scope check says what it may ask.
  return 'read';
}

export const membershipOf = (workspace: Workspace, principal: Principal): string | undefined =>
  principal.kind === 'user' ? workspace.members[principal.user.uuid] : undefined;

export const isOwner = (workspace: Workspace, principal: Principal): boolean =>
  membershipOf(workspace, principal) === 'owner';

/** Whether the principal belongs to the workspace at all: a member, or a token of something in it. */
export function belongsTo(state: State, workspace: Workspace, principal: Principal): boolean {
  if (principal.kind === 'anonymous') return false;
  if (principal.kind === 'user') return workspace.members[principal.user.uuid] !== undefined;
  return tokenWorkspace(state, principal.token) === workspace.uuid;
}

function tokenWorkspace(state: State, token: Token): string | undefined {
  if (token.kind === 'workspace' || token.kind === 'consumer') return token.ownerUuid;
  const owned = [...state.projects, ...state.repositories].find((one) => one.uuid === token.ownerUuid);
  return owned?.workspaceUuid;
}

/** Projects: members see those they have a grant on or a repository in; public ones are for everybody. */
export function maySeeProject(state: State, principal: Principal, project: Project): boolean {
  const workspace = workspaceOf(state, project);
  if (!project.isPrivate || isOwner(workspace, principal)) return true;
  if (principal.kind === 'access-token' && principal.token.ownerUuid === workspace.uuid) return true;
  if (principal.kind === 'access-token' && principal.token.ownerUuid === project.uuid) return true;
  if (principal.kind === 'user' && granted(project.grants, principal.user, workspace).some(Boolean))
    return true;
  return state.repositories.some(
    (r) => r.projectUuid === project.uuid && permissionOn(state, principal, r) !== undefined,
  );
}

export function mayAdministerProject(state: State, principal: Principal, project: Project): boolean {
  const workspace = workspaceOf(state, project);
  if (isOwner(workspace, principal)) return true;
  if (principal.kind === 'user') return granted(project.grants, principal.user, workspace).includes('admin');
  if (principal.kind === 'anonymous') return false;
  return (
    [workspace.uuid, project.uuid].includes(principal.token.ownerUuid) &&
    effectiveScopes(principal.token.scopes).has('project:admin')
  );
}

export function mayCreateIn(state: State, principal: Principal, project: Project): boolean {
  if (mayAdministerProject(state, principal, project)) return true;
  const workspace = workspaceOf(state, project);
  if (principal.kind === 'user')
    return granted(project.grants, principal.user, workspace).includes('create-repo');
  return (
    principal.kind === 'access-token' && [workspace.uuid, project.uuid].includes(principal.token.ownerUuid)
  );
}
