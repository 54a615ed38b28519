import { z } from 'zod';
import { emptyGrants } from '../../state/empty-grants.js';
import { newSecret, newUuid, timestamp } from '../../state/identity.js';
import { findWorkspace } from '../../state/lookup.js';
import type { Grants, ProjectPermission, RepositoryPermission, User } from '../../state/model.js';
import { DEVELOPER_SCOPES } from '../../sample/sample-names.js';
import { ControlError, type ControlCall, type ControlRoute } from '../control-route.js';
import { projectOf, repositoryOf, userOf, workspaceOf } from '../find.js';

const membership = z.enum(['owner', 'create-project', 'collaborator', 'member']);
const permission = z.enum(['read', 'write', 'admin', 'create-repo']);

const newUser = z.strictObject({
  username: z.string().min(1),
  email: z.string().optional(),
  displayName: z.string().optional(),
  /** Absent: a stranger to every workspace. */
  membership: membership.optional(),
  /** The first one when absent. */
  workspace: z.string().optional(),
  /** Project key → permission. */
  projects: z.record(z.string(), permission).default({}),
  scopes: z.array(z.string()).optional(),
});

async function createUser(call: ControlCall) {
  const order = call.read(newUser);
  const { state } = call.sim.store;
  if (state.users.some((user) => user.username === order.username))
    throw new ControlError(409, `there is a user ${order.username} already`);
  const uuid = newUuid();
  const user: User = {
    uuid,
    accountId: `557058:${uuid.slice(1, -1)}`,
    username: order.username,
    displayName: order.displayName ?? order.username,
    email: order.email ?? `${order.username}@example.com`,
    createdOn: timestamp(),
  };
  if (order.membership || Object.keys(order.projects).length > 0) {
    const workspace = workspaceOf(call, order.workspace);
    workspace.members[uuid] = order.membership ?? 'member';
    for (const [key, grant] of Object.entries(order.projects))
      projectOf(call, workspace, key).grants.users[uuid] = grant;
  }
  const secret = newSecret('api');
  const scopes = order.scopes ?? DEVELOPER_SCOPES.map((scope) => `${scope}:bitbucket`);
  const token = {
    id: newUuid().slice(1, -1),
    kind: 'api' as const,
    secret,
    name: `${user.displayName}'s token`,
    scopes,
  };
  state.users.push(user);
  state.tokens.push({ ...token, ownerUuid: uuid, expiresOn: null, revokedOn: null });
  await call.sim.store.save();
  return { ...user, apiToken: secret };
}

const newWorkspace = z.strictObject({
  slug: z.string().min(1),
  name: z.string().optional(),
  owner: z.string(),
  seats: z.int().min(0).default(0),
});

async function createWorkspace(call: ControlCall) {
  const { slug, name, owner, seats } = call.read(newWorkspace);
  const { state } = call.sim.store;
  if (findWorkspace(state, slug)) throw new ControlError(409, `there is a workspace ${slug} already`);
  const members = { [userOf(call, owner).uuid]: 'owner' as const };
  const workspace = {
    uuid: newUuid(),
    slug,
    name: name ?? slug,
    createdOn: timestamp(),
    members,
    groups: [],
    seats,
  };
  state.workspaces.push(workspace);
  await call.sim.store.save();
  return workspace;
}

const workspacePatch = z.strictObject({ seats: z.int().min(0).optional(), spam: z.boolean().optional() });

async function patchWorkspace(call: ControlCall) {
  const patch = call.read(workspacePatch);
  const workspace = workspaceOf(call, call.params['workspace']);
  if (patch.seats !== undefined) workspace.seats = patch.seats;
  if (patch.spam !== undefined) workspace.spam = patch.spam;
  await call.sim.store.save();
  return workspace;
}

const newProject = z.strictObject({
  key: z.string().min(1),
  name: z.string().optional(),
  isPrivate: z.boolean().default(true),
});

async function createProject(call: ControlCall) {
  const { key, name, isPrivate } = call.read(newProject);
  const { uuid } = workspaceOf(call, call.params['workspace']);
  const now = timestamp();
  const times = { createdOn: now, updatedOn: now };
  const project = {
    uuid: newUuid(),
    workspaceUuid: uuid,
    key,
    name: name ?? key,
    description: '',
    isPrivate,
    ...times,
    grants: emptyGrants<ProjectPermission>(),
  };
  call.sim.store.state.projects.push(project);
  await call.sim.store.save();
  return project;
}

/** Null takes the membership away, and everything that hangs on it. */
const memberBody = z.strictObject({ membership: membership.nullable() });

async function putMember(call: ControlCall) {
  const { membership: role } = call.read(memberBody);
  const workspace = workspaceOf(call, call.params['workspace']);
  const { uuid } = userOf(call, call.params['user'] ?? '');
  if (role !== null) workspace.members[uuid] = role;
  else leave(call, workspace.uuid, uuid);
  await call.sim.store.save();
  return workspace.members;
}

function leave(call: ControlCall, workspaceUuid: string, userUuid: string): void {
  const { workspaces, projects, repositories } = call.sim.store.state;
  for (const workspace of workspaces) {
    if (workspace.uuid !== workspaceUuid) continue;
    delete workspace.members[userUuid];
    for (const group of workspace.groups) group.members = group.members.filter((one) => one !== userUuid);
  }
  for (const owned of [...projects, ...repositories])
    if (owned.workspaceUuid === workspaceUuid) delete owned.grants.users[userUuid];
}

const groupBody = z.strictObject({ name: z.string().optional(), members: z.array(z.string()) });

async function putGroup(call: ControlCall) {
  const { name, members } = call.read(groupBody);
  const workspace = workspaceOf(call, call.params['workspace']);
  const slug = call.params['group'] ?? '';
  const group = { slug, name: name ?? slug, members: members.map((username) => userOf(call, username).uuid) };
  workspace.groups = [...workspace.groups.filter((one) => one.slug !== slug), group];
  await call.sim.store.save();
  return group;
}

/** Null takes the row away. */
const grantBody = z.strictObject({ permission: permission.nullable() });

async function setGrant(call: ControlCall, grants: Grants<ProjectPermission>) {
  const { permission: wanted } = call.read(grantBody);
  const { user, group } = call.params;
  const [rows, id] =
    group === undefined ? [grants.users, userOf(call, user ?? '').uuid] : [grants.groups, group];
  if (wanted === null) delete rows[id];
  else rows[id] = wanted;
  await call.sim.store.save();
  return grants;
}

const projectGrants = (call: ControlCall) =>
  setGrant(
    call,
    projectOf(call, workspaceOf(call, call.params['workspace']), call.params['project'] ?? '').grants,
  );

function repositoryGrants(call: ControlCall) {
  if (call.read(grantBody).permission === 'create-repo')
    throw new ControlError(400, 'create-repo is for projects');
  const grants: Grants<RepositoryPermission> = repositoryOf(call).grants;
  return setGrant(call, grants); // it was checked in the line before
}

const WORKSPACE = '/workspaces/:workspace';

export const PEOPLE_ROUTES: readonly ControlRoute[] = [
  { method: 'POST', path: '/users', handle: createUser },
  { method: 'POST', path: '/workspaces', handle: createWorkspace },
  { method: 'PATCH', path: WORKSPACE, handle: patchWorkspace },
  { method: 'POST', path: `${WORKSPACE}/projects`, handle: createProject },
  { method: 'PUT', path: `${WORKSPACE}/members/:user`, handle: putMember },
  { method: 'PUT', path: `${WORKSPACE}/groups/:group`, handle: putGroup },
  { method: 'PUT', path: `${WORKSPACE}/projects/:project/users/:user`, handle: projectGrants },
  { method: 'PUT', path: `${WORKSPACE}/projects/:project/groups/:group`, handle: projectGrants },
  { method: 'PUT', path: '/repositories/:workspace/:repository/users/:user', handle: repositoryGrants },
  { method: 'PUT', path: '/repositories/:workspace/:repository/groups/:group', handle: repositoryGrants },
];
