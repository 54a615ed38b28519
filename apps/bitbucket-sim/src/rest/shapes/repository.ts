import { fullName, projectOf, workspaceOf } from '../../state/lookup.js';
import type { Repository, State } from '../../state/model.js';
import type { Json, Urls } from './links.js';
import { projectShape } from './project.js';
import { teamShape, workspaceShape } from './workspace.js';

const htmlPath = (state: State, repository: Repository): string => `/${fullName(state, repository)}`;
const apiPath = (state: State, repository: Repository): string =>
  `/repositories${htmlPath(state, repository)}`;

/** The embedded form, e.g. in permissions and forks. */
export function condensedRepositoryShape(state: State, urls: Urls, repository: Repository): Json {
  return {
    type: 'repository',
    full_name: fullName(state, repository),
    links: {
      self: urls.api(apiPath(state, repository)),
      html: urls.html(htmlPath(state, repository)),
      avatar: urls.avatar(htmlPath(state, repository)),
    },
    name: repository.name,
    uuid: repository.uuid,
  };
}

/** What webhooks say about a repository. */
export function eventRepositoryShape(state: State, urls: Urls, repository: Repository): Json {
  const workspace = workspaceOf(state, repository);
  return {
    ...condensedRepositoryShape(state, urls, repository),
    scm: 'git',
    website: repository.website || null,
    owner: teamShape(urls, workspace),
    workspace: workspaceShape(urls, workspace),
    is_private: repository.isPrivate,
    project: projectShape(state, urls, projectOf(state, repository)),
    parent: parentShape(state, urls, repository),
  };
}

/** @param username of the caller, for the https clone link. */
export function repositoryShape(
  state: State,
  urls: Urls,
  repository: Repository,
  username: string | undefined,
): Json {
  const { mainbranch } = repository;
  return {
    ...eventRepositoryShape(state, urls, repository),
    slug: repository.slug,
    website: repository.website,
    description: repository.description,
    language: repository.language,
    has_wiki: false,
    has_issues: false,
    fork_policy: repository.forkPolicy,
    size: repository.sizeBytes,
    created_on: repository.createdOn,
    updated_on: repository.updatedOn,
    mainbranch: mainbranch === null ? null : { type: 'branch', name: mainbranch },
    enforced_signed_commits: null,
    override_settings: { default_merge_strategy: false, branching_model: false },
    links: repositoryLinks(state, urls, repository, username),
  };
}

function repositoryLinks(
  state: State,
  urls: Urls,
  repository: Repository,
  username: string | undefined,
): Json {
  const api = apiPath(state, repository);
  const html = htmlPath(state, repository);
  return {
    self: urls.api(api),
    html: urls.html(html),
    avatar: urls.avatar(html),
    pullrequests: urls.api(`${api}/pullrequests`),
    commits: urls.api(`${api}/commits`),
    forks: urls.api(`${api}/forks`),
    watchers: urls.api(`${api}/watchers`),
    branches: urls.api(`${api}/refs/branches`),
    tags: urls.api(`${api}/refs/tags`),
    downloads: urls.api(`${api}/downloads`),
    source: urls.api(`${api}/src`),
    clone: [
      { name: 'https', href: urls.clone(html, username) },
      { name: 'ssh', href: sshLink(state, repository) },
    ],
    hooks: urls.api(`${api}/hooks`),
  };
}

const sshLink = (state: State, repository: Repository): string =>
  state.settings.sshLinkForm === 'scp'
    ? `git@bitbucket.org:${fullName(state, repository)}.git`
    : `ssh://git@bitbucket.org/${fullName(state, repository)}.git`;

function parentShape(state: State, urls: Urls, repository: Repository): Json | null {
  // Most have none, and workspaces have thousands.
  if (repository.parentUuid === null) return null;
  const parent = state.repositories.find((one) => one.uuid === repository.parentUuid);
  return parent ? condensedRepositoryShape(state, urls, parent) : null;
}
