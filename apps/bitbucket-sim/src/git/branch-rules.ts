import type { Knocker } from '../access/principal.js';
import { workspaceOf } from '../state/lookup.js';
import type { BranchRestriction, Repository, State } from '../state/model.js';

/** What the pre-receive hook refuses this pusher: patterns separated by blanks, as its variables. */
export function branchRules(state: State, repository: Repository, who: Knocker): Record<string, string> {
  const rules = repository.branchRestrictions ?? [];
  const patterns = (kind: string): string[] =>
    rules
      .filter((rule) => rule.kind === kind && !isExempt(state, repository, rule, who))
      .map((rule) => rule.pattern);
  return {
    SIM_NO_PUSH: [...(repository.protectedBranches ?? []), ...patterns('push')].join(' '),
    SIM_NO_FORCE: patterns('force').join(' '),
    SIM_NO_DELETE: patterns('delete').join(' '),
  };
}

/** Only `push` knows exceptions; access tokens are in no list of users. */
function isExempt(state: State, repository: Repository, rule: BranchRestriction, who: Knocker): boolean {
  if (rule.kind !== 'push' || (who.kind !== 'user' && who.kind !== 'key-of-user')) return false;
  const { uuid } = who.user;
  const groups = workspaceOf(state, repository).groups.filter(({ slug }) => rule.groups.includes(slug));
  return rule.users.includes(uuid) || groups.some((group) => group.members.includes(uuid));
}
