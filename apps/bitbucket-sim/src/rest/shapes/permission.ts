import { fullName } from '../../state/lookup.js';
import type {
  ProjectPermission,
  Repository,
  RepositoryPermission,
  User,
  Workspace,
} from '../../state/model.js';
import type { Call } from '../rest-route.js';
import { encodeUuid, type Json, type Urls } from './links.js';
import { condensedRepositoryShape } from './repository.js';
import { userShape } from './user.js';
import { workspaceShape } from './workspace.js';

/** Weakest first, so that `permission>"read"` means something. */
export const PERMISSION_ORDER: readonly string[] = [
  'none',
  'member',
  'read',
  'collaborator',
  'write',
  'create-project',
  'create-repo',
  'admin',
  'owner',
];

export function membershipShape(urls: Urls, workspace: Workspace, user: User): Json {
  return {
    type: 'workspace_membership',
    permission: workspace.members[user.uuid] ?? 'member',
    user: userShape(urls, user),
    workspace: workspaceShape(urls, workspace),
    links: { self: urls.api(`/workspaces/${workspace.slug}/members/${encodeUuid(user.uuid)}`) },
  };
}

export function repositoryPermissionShape(
  call: Call,
  repository: Repository,
  user: User,
  permission: RepositoryPermission,
): Json {
  return {
    type: 'repository_permission',
    permission,
    user: userShape(call.urls, user),
    repository: { ...condensedRepositoryShape(call.state, call.urls, repository), slug: repository.slug },
  };
}

export type GrantOwner =
  | { readonly kind: 'repository'; readonly path: string }
  | { readonly kind: 'project'; readonly path: string };

export const repositoryGrants = (call: Call, repository: Repository): GrantOwner => ({
  kind: 'repository',
  path: `/repositories/${fullName(call.state, repository)}/permissions-config`,
});

/** One explicit row. */
export function userGrantShape(
  urls: Urls,
  owner: GrantOwner,
  user: User,
  permission: ProjectPermission,
): Json {
  return {
    type: owner.kind === 'repository' ? 'repository_user_permission' : 'project_user_permission',
    permission,
    user: userShape(urls, user),
    links: { self: urls.api(`${owner.path}/users/${user.accountId}`) },
  };
}

export function groupGrantShape(
  urls: Urls,
  owner: GrantOwner,
  group: { slug: string; name: string },
  permission: ProjectPermission,
): Json {
  return {
    type: owner.kind === 'repository' ? 'repository_group_permission' : 'project_group_permission',
    permission,
    group: { type: 'group', name: group.name, slug: group.slug },
    links: { self: urls.api(`${owner.path}/groups/${group.slug}`) },
  };
}
