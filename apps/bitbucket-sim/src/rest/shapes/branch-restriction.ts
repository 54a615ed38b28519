import { findUser, fullName, workspaceOf } from '../../state/lookup.js';
import type { BranchRestriction, Repository, State } from '../../state/model.js';
import type { Json, Urls } from './links.js';
import { userShape } from './user.js';

export function branchRestrictionShape(
  state: State,
  urls: Urls,
  repository: Repository,
  rule: BranchRestriction,
): Json {
  const { groups } = workspaceOf(state, repository);
  return {
    type: 'branchrestriction',
    id: rule.id,
    kind: rule.kind,
    branch_match_kind: 'glob',
    pattern: rule.pattern,
    value: rule.value,
    users: rule.users.flatMap((uuid) => {
      const user = findUser(state, uuid);
      return user ? [userShape(urls, user)] : [];
    }),
    groups: groups
      .filter(({ slug }) => rule.groups.includes(slug))
      .map(({ slug, name }) => ({ type: 'group', slug, name })),
    links: {
      self: urls.api(`/repositories/${fullName(state, repository)}/branch-restrictions/${rule.id}`),
    },
  };
}
