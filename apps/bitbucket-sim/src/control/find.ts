import { findProject, findRepository, findWorkspace } from '../state/lookup.js';
import type { Project, Repository, User, Workspace } from '../state/model.js';
import { ControlError, type ControlCall } from './control-route.js';

export function repositoryOf({ sim, params }: ControlCall): Repository {
  const found = findRepository(sim.store.state, params['workspace'] ?? '', params['repository'] ?? '');
  if (!found) throw new ControlError(404, `no repository ${params['workspace']}/${params['repository']}`);
  return found;
}

export function workspaceOf({ sim }: ControlCall, slug: string | undefined): Workspace {
  const found = slug === undefined ? sim.store.state.workspaces[0] : findWorkspace(sim.store.state, slug);
  if (!found) throw new ControlError(404, `no workspace ${slug ?? ''}`);
  return found;
}

export function projectOf(call: ControlCall, workspace: Workspace, key: string): Project {
  const found = findProject(call.sim.store.state, workspace, key);
  if (!found) throw new ControlError(404, `no project ${key} in ${workspace.slug}`);
  return found;
}

export function userOf({ sim }: ControlCall, username: string): User {
  const found = sim.store.state.users.find((user) => user.username === username);
  if (!found) throw new ControlError(404, `no user ${username}`);
  return found;
}

/** The named user, else the first one: somebody must have pushed. */
export const actorOf = (call: ControlCall, username: string | undefined): User | undefined =>
  username === undefined ? call.sim.store.state.users[0] : userOf(call, username);
