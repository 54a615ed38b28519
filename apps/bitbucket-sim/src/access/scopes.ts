import type { Principal } from './principal.js';

/** What a route needs, in both vocabularies: OAuth's for access tokens, Atlassian's for API tokens. */
export interface ScopeNeed {
  readonly oauth: readonly string[];
  readonly api: readonly string[];
}

/** OAuth scopes imply others; admin scopes and API-token scopes imply nothing (§6.3). */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  'repository:write': ['repository'],
  pullrequest: ['repository'],
  'pullrequest:write': ['pullrequest', 'repository'],
  project: ['repository'],
  'account:write': ['account'],
};

export function effectiveScopes(granted: readonly string[]): Set<string> {
  const all = new Set(granted);
  for (const scope of all) for (const implied of IMPLIED[scope] ?? []) all.add(implied);
  return all;
}

/** Scopes that the principal's credential lacks; an empty list means: go on. */
export function missingScopes(principal: Principal, need: ScopeNeed): readonly string[] {
  if (principal.kind === 'anonymous') return [];
  const granted = effectiveScopes(principal.token.scopes);
  return requiredScopes(principal, need).filter((scope) => !granted.has(scope));
}

export const requiredScopes = (principal: Principal, need: ScopeNeed): readonly string[] =>
  need[vocabularyOf(principal)];

/** A person's own API token speaks Atlassian's words, every other credential OAuth's. */
export const vocabularyOf = (principal: Principal): keyof ScopeNeed =>
  principal.kind === 'user' && principal.token.kind === 'api' ? 'api' : 'oauth';

const atlassian = (words: readonly string[]): string[] => words.map((word) => `${word}:bitbucket`);
const need = (oauth: string, ...api: string[]): ScopeNeed => ({
  oauth: oauth ? oauth.split(' ') : [],
  api: atlassian(api),
});

/** One row per kind of question; the routes refer to these by name. */
export const SCOPES = {
  readUser: need('account', 'read:user'),
  readEmail: need('email', 'read:user'),
  lookUpUser: need('', 'read:user'),
  readMemberships: need('account', 'read:workspace'),
  readWorkspace: need('', 'read:workspace'),
  readProject: need('project', 'read:project'),
  adminProject: need('project:admin', 'admin:project'),
  readRepository: need('repository', 'read:repository'),
  writeRepository: need('repository:write', 'write:repository'),
  adminRepository: need('repository:admin', 'admin:repository'),
  deleteRepository: need('repository:delete', 'delete:repository'),
  writeAndReadRepository: need('repository:write', 'write:repository', 'read:repository'),
  ownPermissions: need('account repository', 'read:repository'),
  crawlPermissions: need('account', 'read:repository'),
  crawlRepositoryPermissions: need('repository', 'read:repository'),
  readRepositoryGrants: need('repository:admin', 'read:repository'),
  changeRepositoryGrants: need('repository:admin', 'admin:repository', 'write:permission'),
  dropRepositoryGrants: need('repository:admin', 'admin:repository', 'delete:permission'),
  readProjectGrants: need('project:admin', 'read:project'),
  changeProjectGrants: need('project:admin', 'admin:project', 'write:permission'),
  dropProjectGrants: need('project:admin', 'admin:project', 'delete:permission'),
  readSshKeys: need('account', 'read:ssh-key'),
  changeSshKeys: need('account:write', 'read:ssh-key', 'write:ssh-key'),
  deleteSshKeys: need('account:write', 'delete:ssh-key'),
  readDeployKeys: need('repository repository:admin', 'admin:repository'),
  changeDeployKeys: need('repository repository:admin', 'admin:repository', 'write:ssh-key'),
  deleteDeployKeys: need('repository repository:admin', 'admin:repository', 'delete:ssh-key'),
  readProjectDeployKeys: need('project project:admin', 'admin:project'),
  changeProjectDeployKeys: need('project project:admin', 'admin:project', 'write:ssh-key'),
  deleteProjectDeployKeys: need('project project:admin', 'admin:project', 'delete:ssh-key'),
  readHooks: need('webhook', 'read:webhook'),
  changeHooks: need('webhook', 'read:webhook', 'write:webhook'),
  deleteHooks: need('webhook', 'delete:webhook'),
} as const satisfies Record<string, ScopeNeed>;
