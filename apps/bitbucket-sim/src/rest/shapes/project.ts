import { workspaceOf } from '../../state/lookup.js';
import type { Project, State } from '../../state/model.js';
import type { Json, Urls } from './links.js';
import { teamShape, workspaceShape } from './workspace.js';

/** The embedded form. */
export function projectShape(state: State, urls: Urls, project: Project): Json {
  const workspace = workspaceOf(state, project);
  const html = `/${workspace.slug}/workspace/projects/${project.key}`;
  return {
    type: 'project',
    key: project.key,
    uuid: project.uuid,
    name: project.name,
    links: {
      self: urls.api(`/workspaces/${workspace.slug}/projects/${project.key}`),
      html: urls.html(html),
      avatar: urls.avatar(html),
    },
  };
}

export function fullProjectShape(state: State, urls: Urls, project: Project): Json {
  const workspace = workspaceOf(state, project);
  return {
    ...projectShape(state, urls, project),
    description: project.description,
    is_private: project.isPrivate,
    has_publicly_visible_repos: state.repositories.some(
      (r) => r.projectUuid === project.uuid && !r.isPrivate,
    ),
    created_on: project.createdOn,
    updated_on: project.updatedOn,
    owner: teamShape(urls, workspace),
    workspace: workspaceShape(urls, workspace),
  };
}
