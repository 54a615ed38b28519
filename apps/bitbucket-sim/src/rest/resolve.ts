import {
  atLeast,
  belongsTo,
  isOwner,
  mayAdministerProject,
  maySeeProject,
  permissionOn,
} from '../access/permission.js';
import { findProject, findRepository, findUser, findWorkspace } from '../state/lookup.js';
import type { Project, Repository, RepositoryPermission, User, Workspace } from '../state/model.js';
import { forbidden, gone, notFound, unauthorized } from './rest-error.js';
import type { Call } from './rest-route.js';

const param = (call: Call, name: string): string => call.params[name] ?? '';

/** The person who asks; routes for persons only are not reached by others. */
export function caller(call: Call): User {
  if (call.principal.kind !== 'user') throw forbidden();
  return call.principal.user;
}

export function workspaceOfCall(call: Call): Workspace {
  const id = param(call, 'workspace');
  const workspace = findWorkspace(call.state, id);
  if (!workspace) throw notFound(`No workspace with identifier '${id}'.`);
  if (workspace.spam) throw gone('This workspace has been marked as spam.');
  return workspace;
}

/** The workspace, for those who belong to it. */
export function ownWorkspace(call: Call): Workspace {
  const workspace = workspaceOfCall(call);
  if (!belongsTo(call.state, workspace, call.principal)) throw forbidden();
  return workspace;
}

export function administeredWorkspace(call: Call): Workspace {
  const workspace = workspaceOfCall(call);
  if (!isOwner(workspace, call.principal)) throw forbidden();
  return workspace;
}

export function projectOfCall(call: Call): Project {
  const workspace = workspaceOfCall(call);
  const key = param(call, 'project');
  const project = findProject(call.state, workspace, key);
  if (!project) throw notFound(`Project with key '${key}' not found`);
  if (!maySeeProject(call.state, call.principal, project))
    throw call.principal.kind === 'anonymous' ? unauthorized() : forbidden();
  return project;
}

export function administeredProject(call: Call): Project {
  const project = projectOfCall(call);
  if (!mayAdministerProject(call.state, call.principal, project)) throw forbidden();
  return project;
}

/** 404 where there is none, 403 where the caller may not (401 for nobody), as the real thing tells them apart. */
export function repositoryOfCall(call: Call, wanted: RepositoryPermission = 'read'): Repository {
  const [workspace, slug] = [param(call, 'workspace'), param(call, 'repository')];
  const repository = findRepository(call.state, workspace, slug);
  if (!repository) throw notFound(`Repository ${workspace}/${slug} not found`);
  const has = permissionOn(call.state, call.principal, repository);
  if (!atLeast(has, wanted)) throw call.principal.kind === 'anonymous' ? unauthorized() : forbidden();
  return repository;
}

/** By uuid or account id. */
export function userOfCall(call: Call): User {
  const id = param(call, 'user');
  const user = findUser(call.state, id);
  if (!user) throw notFound(`${id} is not a valid user`);
  return user;
}

/** A text member of the body, or undefined where absent. */
export function textOf(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
}
