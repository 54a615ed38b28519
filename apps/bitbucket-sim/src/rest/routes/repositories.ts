import { atLeast, grantedPermission, isOwner, permissionOn } from '../../access/permission.js';
import { SCOPES } from '../../access/scopes.js';
import type { Repository } from '../../state/model.js';
import { listAnswer, type Listing } from '../page.js';
import { badRequest, notFound } from '../rest-error.js';
import { repositoryOfCall, workspaceOfCall } from '../resolve.js';
import { callerName, ok, type Answer, type Call, type RestRoute } from '../rest-route.js';
import { repositoryShape } from '../shapes/repository.js';
import { findWorkspace } from '../../state/lookup.js';

const FIELDS = [
  'uuid', 'name', 'slug', 'full_name', 'description', 'language', 'is_private', 'size', 'created_on', 'updated_on', 'scm',
  'has_wiki', 'has_issues', 'fork_policy', 'parent', 'parent.uuid', 'parent.full_name', 'mainbranch.name',
  'project', 'project.key', 'project.uuid', 'project.name', 'workspace.slug', 'workspace.uuid', 'owner.uuid',
]; // prettier-ignore

const ROLES = ['admin', 'contributor', 'member', 'owner'];

/** `role=member` is read, `contributor` is write, inherited access counts (§2). Public ones without a grant do not. */
function hasRole(call: Call, repository: Repository, role: string): boolean {
  const { principal, state } = call;
  if (principal.kind === 'anonymous') return false;
  if (role === 'owner') return principal.kind === 'user' && isOwner(workspaceOfCall(call), principal);
  const wanted = role === 'admin' ? 'admin' : role === 'contributor' ? 'write' : 'read';
  const has =
    principal.kind === 'user'
      ? grantedPermission(state, principal.user, repository)
      : permissionOn(state, principal, repository);
  return atLeast(has, wanted);
}

export const shown = (call: Call, repository: Repository) =>
  repositoryShape(call.state, call.urls, repository, callerName(call.principal));

function list(call: Call): Answer {
  const id = call.params['workspace'] ?? '';
  if (!findWorkspace(call.state, id)) throw notFound(`No workspace with identifier '${id}'.`);
  const workspace = workspaceOfCall(call);
  const role = call.query.get('role');
  if (role !== null && !ROLES.includes(role)) throw badRequest(`Invalid role: "${role}"`);
  const visible = call.state.repositories.filter(
    (one) =>
      one.workspaceUuid === workspace.uuid &&
      permissionOn(call.state, call.principal, one) !== undefined &&
      (role === null || hasRole(call, one, role)),
  );
  return listAnswer(call, {
    items: visible.map((one) => shown(call, one)),
    style: pagingStyle(call, role),
    filter: FIELDS,
    sort: FIELDS,
  });
}

function pagingStyle(call: Call, role: string | null): NonNullable<Listing['style']> {
  const { repositoryPaging } = call.state.settings;
  if (repositoryPaging !== 'token-with-role') return repositoryPaging;
  return role === null ? 'page' : 'token';
}

const forks = (call: Call): Answer => {
  const source = repositoryOfCall(call);
  const visible = call.state.repositories.filter(
    (one) => one.parentUuid === source.uuid && permissionOn(call.state, call.principal, one) !== undefined,
  );
  return listAnswer(call, { items: visible.map((one) => shown(call, one)), filter: FIELDS, sort: FIELDS });
};

export const REPOSITORIES: readonly RestRoute[] = [
  {
    method: 'GET',
    path: '/repositories/:workspace',
    scopes: SCOPES.readRepository,
    callers: 'anyone',
    etag: true,
    handle: list,
  },
  {
    method: 'GET',
    path: '/repositories/:workspace/:repository',
    scopes: SCOPES.readRepository,
    callers: 'anyone',
    handle: (call) => ok(shown(call, repositoryOfCall(call))),
  },
  {
    method: 'GET',
    path: '/repositories/:workspace/:repository/forks',
    scopes: SCOPES.readRepository,
    callers: 'anyone',
    handle: forks,
  },
];
