import { SCOPES, type ScopeNeed } from '../../access/scopes.js';
import { workspaceOf } from '../../state/lookup.js';
import type { Grants, Group, ProjectPermission, User, Workspace } from '../../state/model.js';
import { listAnswer } from '../page.js';
import { badRequest, notFound } from '../rest-error.js';
import { administeredProject, repositoryOfCall, userOfCall } from '../resolve.js';
import { noContent, ok, type Call, type RestRoute } from '../rest-route.js';
import { groupGrantShape, repositoryGrants, userGrantShape, type GrantOwner } from '../shapes/permission.js';

/** The explicit rows of a repository or a project (`permissions-config`): persons only, administrators only. */
interface Rows {
  readonly owner: GrantOwner;
  readonly workspace: Workspace;
  readonly grants: Grants<ProjectPermission>;
  readonly permissions: readonly string[];
}

function repositoryRows(call: Call): Rows {
  const repository = repositoryOfCall(call, 'admin');
  return {
    owner: repositoryGrants(call, repository),
    workspace: workspaceOf(call.state, repository),
    // A repository's rows never hold `create-repo`: `permissions` below keeps it out.
    grants: repository.grants,
    permissions: ['read', 'write', 'admin'],
  };
}

function projectRows(call: Call): Rows {
  const project = administeredProject(call);
  const workspace = workspaceOf(call.state, project);
  return {
    owner: {
      kind: 'project',
      path: `/workspaces/${workspace.slug}/projects/${project.key}/permissions-config`,
    },
    workspace,
    grants: project.grants,
    permissions: ['read', 'write', 'create-repo', 'admin'],
  };
}

function wantedPermission(call: Call, rows: Rows): ProjectPermission {
  const permission = call.body['permission'];
  if (typeof permission !== 'string' || !rows.permissions.includes(permission))
    throw badRequest('Invalid permission value');
  return permission as ProjectPermission;
}

function listUsers(call: Call, rows: Rows) {
  const items = call.state.users.flatMap((user) => {
    const permission = rows.grants.users[user.uuid];
    return permission ? [userGrantShape(call.urls, rows.owner, user, permission)] : [];
  });
  return listAnswer(call, { items });
}

function getUser(call: Call, rows: Rows) {
  const user = userOfCall(call);
  const permission = rows.grants.users[user.uuid];
  // Without a row the answer is `none` rather than 404.
  return ok({
    ...userGrantShape(call.urls, rows.owner, user, permission ?? 'read'),
    ...(permission ? {} : { permission: 'none' }),
  });
}

async function putUser(call: Call, rows: Rows) {
  const user: User = userOfCall(call);
  const membership = rows.workspace.members[user.uuid];
  if (membership === undefined || membership === 'owner')
    throw badRequest('The user must be a member of the workspace and not its owner.');
  rows.grants.users[user.uuid] = wantedPermission(call, rows);
  await call.sim.store.save();
  return getUser(call, rows);
}

async function deleteUser(call: Call, rows: Rows) {
  delete rows.grants.users[userOfCall(call).uuid];
  await call.sim.store.save();
  return noContent();
}

function groupOf(call: Call, rows: Rows): Group {
  const slug = call.params['group'] ?? '';
  const group = rows.workspace.groups.find((one) => one.slug === slug);
  if (!group) throw notFound(`Group ${slug} not found`);
  return group;
}

function listGroups(call: Call, rows: Rows) {
  const items = rows.workspace.groups.flatMap((group) => {
    const permission = rows.grants.groups[group.slug];
    return permission ? [groupGrantShape(call.urls, rows.owner, group, permission)] : [];
  });
  return listAnswer(call, { items });
}

function getGroup(call: Call, rows: Rows) {
  const group = groupOf(call, rows);
  const permission = rows.grants.groups[group.slug];
  return ok({
    ...groupGrantShape(call.urls, rows.owner, group, permission ?? 'read'),
    ...(permission ? {} : { permission: 'none' }),
  });
}

async function putGroup(call: Call, rows: Rows) {
  rows.grants.groups[groupOf(call, rows).slug] = wantedPermission(call, rows);
  await call.sim.store.save();
  return getGroup(call, rows);
}

async function deleteGroup(call: Call, rows: Rows) {
  delete rows.grants.groups[groupOf(call, rows).slug];
  await call.sim.store.save();
  return noContent();
}

interface Needs {
  readonly read: ScopeNeed;
  readonly change: ScopeNeed;
  readonly drop: ScopeNeed;
}

function routesUnder(prefix: string, needs: Needs, rowsOf: (call: Call) => Rows): RestRoute[] {
  const route = (
    method: string,
    tail: string,
    scopes: ScopeNeed,
    handle: (call: Call, rows: Rows) => ReturnType<RestRoute['handle']>,
  ): RestRoute => ({
    method,
    path: `${prefix}/permissions-config/${tail}`,
    scopes,
    callers: 'person',
    handle: (call) => handle(call, rowsOf(call)),
  });
  return [
    route('GET', 'users', needs.read, listUsers),
    route('GET', 'users/:user', needs.read, getUser),
    route('PUT', 'users/:user', needs.change, putUser),
    route('DELETE', 'users/:user', needs.drop, deleteUser),
    route('GET', 'groups', needs.read, listGroups),
    route('GET', 'groups/:group', needs.read, getGroup),
    route('PUT', 'groups/:group', needs.change, putGroup),
    route('DELETE', 'groups/:group', needs.drop, deleteGroup),
  ];
}

export const PERMISSION_ROWS: readonly RestRoute[] = [
  ...routesUnder(
    '/repositories/:workspace/:repository',
    {
      read: SCOPES.readRepositoryGrants,
      change: SCOPES.changeRepositoryGrants,
      drop: SCOPES.dropRepositoryGrants,
    },
    repositoryRows,
  ),
  ...routesUnder(
    '/workspaces/:workspace/projects/:project',
    { read: SCOPES.readProjectGrants, change: SCOPES.changeProjectGrants, drop: SCOPES.dropProjectGrants },
    projectRows,
  ),
];
