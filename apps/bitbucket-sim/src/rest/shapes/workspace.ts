import type { Workspace } from '../../state/model.js';
import type { Json, Urls } from './links.js';

const path = (workspace: Workspace): string => `/workspaces/${workspace.slug}`;

/** The embedded form. */
export function workspaceShape(urls: Urls, workspace: Workspace): Json {
  return {
    type: 'workspace',
    uuid: workspace.uuid,
    name: workspace.name,
    slug: workspace.slug,
    links: {
      avatar: urls.avatar(path(workspace)),
      html: urls.html(`/${workspace.slug}/`),
      self: urls.api(path(workspace)),
    },
  };
}

export function fullWorkspaceShape(urls: Urls, workspace: Workspace): Json {
  const self = path(workspace);
  return {
    ...workspaceShape(urls, workspace),
    is_private: true,
    is_privacy_enforced: false,
    forking_mode: 'allow_forks',
    created_on: workspace.createdOn,
    updated_on: workspace.createdOn,
    links: {
      avatar: urls.avatar(self),
      html: urls.html(`/${workspace.slug}/`),
      members: urls.api(`${self}/members`),
      owners: urls.api(`${self}/members?q=permission%3D%22owner%22`),
      projects: urls.api(`${self}/projects`),
      repositories: urls.api(`/repositories/${workspace.slug}`),
      self: urls.api(self),
      snippets: urls.api(`/snippets/${workspace.slug}`),
    },
  };
}

/** `/user/workspaces` shows neither name nor html link. */
export function workspaceBaseShape(urls: Urls, workspace: Workspace): Json {
  return {
    type: 'workspace_base',
    uuid: workspace.uuid,
    slug: workspace.slug,
    links: { avatar: urls.avatar(path(workspace)), self: urls.api(path(workspace)) },
  };
}

/** How a workspace appears as the owner of things. */
export function teamShape(urls: Urls, workspace: Workspace): Json {
  return {
    type: 'team',
    display_name: workspace.name,
    uuid: workspace.uuid,
    username: workspace.slug,
    links: {
      self: urls.api(path(workspace)),
      avatar: urls.avatar(path(workspace)),
      html: urls.html(`/${workspace.slug}/`),
    },
  };
}
