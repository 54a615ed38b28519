import { isOwner } from '../../access/permission.js';
import { SCOPES } from '../../access/scopes.js';
import type { Changes } from '../../hooks/event-source.js';
import { emptyGrants } from '../../state/empty-grants.js';
import { newUuid, timestamp } from '../../state/identity.js';
import { findProject } from '../../state/lookup.js';
import type { Project, Workspace } from '../../state/model.js';
import { badFields, badRequest, forbidden } from '../rest-error.js';
import { administeredProject, textOf, workspaceOfCall } from '../resolve.js';
import { actorOf, created, moved, noContent, ok, type Call, type RestRoute } from '../rest-route.js';
import { fullProjectShape } from '../shapes/project.js';

const KEY = /^[A-Z][A-Z0-9_]*$/;

function create(call: Call, key: string | undefined) {
  const workspace = workspaceOfCall(call);
  mayCreate(call, workspace);
  const name = textOf(call.body, 'name');
  if (!name) throw badFields({ name: ['This field is required.'] });
  if (!key || !KEY.test(key))
    throw badFields({
      key: ['Project keys must start with a letter and hold capitals, digits and underscores.'],
    });
  if (findProject(call.state, workspace, key))
    throw badFields({ key: ['Project with this Workspace and Key already exists.'] });
  const now = timestamp();
  const project: Project = {
    uuid: newUuid(),
    workspaceUuid: workspace.uuid,
    key,
    name,
    description: textOf(call.body, 'description') ?? '',
    isPrivate: call.body['is_private'] !== false,
    createdOn: now,
    updatedOn: now,
    grants: emptyGrants(),
  };
  call.state.projects.push(project);
  return call.sim.store.save().then(() => created(shape(call, project), location(call, project)));
}

function mayCreate(call: Call, workspace: Workspace): void {
  const { principal } = call;
  const role = principal.kind === 'user' ? workspace.members[principal.user.uuid] : undefined;
  const ownToken = principal.kind === 'access-token' && principal.token.ownerUuid === workspace.uuid;
  if (!isOwner(workspace, principal) && role !== 'create-project' && !ownToken) throw forbidden();
}

const shape = (call: Call, project: Project) => fullProjectShape(call.state, call.urls, project);
const location = (call: Call, project: Project): string =>
  call.urls.api(`/workspaces/${workspaceOfCall(call).slug}/projects/${project.key}`).href;

async function put(call: Call) {
  if (!findProject(call.state, workspaceOfCall(call), call.params['project'] ?? ''))
    return create(call, call.params['project']);
  const project = administeredProject(call);
  const changes = planned(call, project);
  apply(project, changes);
  if (Object.keys(changes).length > 0) {
    project.updatedOn = timestamp();
    call.sim.events.projectUpdated(project, actorOf(call.principal), changes);
  }
  await call.sim.store.save();
  return changes['key'] ? moved(shape(call, project), location(call, project)) : ok(shape(call, project));
}

function planned(call: Call, project: Project): Changes {
  const { body } = call;
  const changes: Record<string, { old: unknown; new: unknown }> = {};
  const note = (field: string, old: unknown, now: unknown): void => {
    if (now !== undefined && now !== old) changes[field] = { old, new: now };
  };
  const key = textOf(body, 'key');
  if (key !== undefined && !KEY.test(key)) throw badFields({ key: ['Invalid project key.'] });
  if (key !== undefined && key !== project.key && findProject(call.state, workspaceOfCall(call), key)) {
    throw badFields({ key: ['Project with this Workspace and Key already exists.'] });
  }
  const isPrivate = typeof body['is_private'] === 'boolean' ? body['is_private'] : undefined;
  const holdsPublic = call.state.repositories.some(
    (one) => one.projectUuid === project.uuid && !one.isPrivate,
  );
  if (isPrivate === true && holdsPublic)
    throw badRequest('A private project cannot contain public repositories.');
  note('key', project.key, key);
  note('name', project.name, textOf(body, 'name'));
  note('description', project.description, textOf(body, 'description'));
  note('is_private', project.isPrivate, isPrivate);
  return changes;
}

function apply(project: Project, changes: Changes): void {
  const names: Record<string, keyof Project> = {
    key: 'key',
    name: 'name',
    description: 'description',
    is_private: 'isPrivate',
  };
  for (const [field, { new: now }] of Object.entries(changes)) {
    const member = names[field];
    if (member) Object.assign(project, { [member]: now });
  }
}

async function remove(call: Call) {
  const project = administeredProject(call);
  const holds = call.state.repositories.some((one) => one.projectUuid === project.uuid);
  if (holds) throw forbidden('Cannot delete a project that still contains repositories.');
  call.state.projects = call.state.projects.filter((one) => one !== project);
  call.state.tokens = call.state.tokens.filter((token) => token.ownerUuid !== project.uuid);
  call.state.deployKeys = call.state.deployKeys.filter((key) => key.subjectUuid !== project.uuid);
  await call.sim.store.save();
  return noContent();
}

const ONE = '/workspaces/:workspace/projects/:project';

export const PROJECT_CHANGES: readonly RestRoute[] = [
  {
    method: 'POST',
    path: '/workspaces/:workspace/projects',
    scopes: SCOPES.adminProject,
    callers: 'authenticated',
    handle: (call) => create(call, textOf(call.body, 'key')),
  },
  { method: 'PUT', path: ONE, scopes: SCOPES.adminProject, callers: 'authenticated', handle: put },
  { method: 'DELETE', path: ONE, scopes: SCOPES.adminProject, callers: 'authenticated', handle: remove },
];
