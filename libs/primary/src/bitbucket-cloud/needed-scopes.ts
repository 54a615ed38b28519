import type { ScopeNeed } from '../primary.js';

/** One thing that the mirror does with its credential, and the scopes that it takes: OAuth's, and an API token's. */
interface Need {
  readonly oauth: readonly string[];
  readonly api: readonly string[];
  readonly allows: string;
  /** Undefined: without it there is no mirror. */
  readonly without?: string;
}

const NEEDS: readonly Need[] = [
  {
    oauth: ['repository'],
    api: ['read:repository:bitbucket'],
    allows: 'list the repositories of the workspace and fetch them, large files included',
  },
  {
    oauth: ['project'],
    api: ['read:project:bitbucket'],
    allows: 'list the projects, from which you choose',
  },
  {
    oauth: ['webhook'],
    api: ['read:webhook:bitbucket', 'write:webhook:bitbucket', 'delete:webhook:bitbucket'],
    allows: 'create one webhook of its own, and remove it again',
    without: 'pushes are found by asking, up to a minute later, instead of being told',
  },
  {
    oauth: ['repository:admin', 'project:admin'],
    api: ['admin:repository:bitbucket', 'admin:project:bitbucket'],
    allows: 'read the access keys of repositories and projects',
    without: 'access keys (deploy keys) do not work over SSH at this mirror',
  },
];

/** OAuth's writing scopes hold the reading ones; its admin scopes and those of API tokens hold nothing else. */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  'repository:write': ['repository'],
  pullrequest: ['repository'],
  'pullrequest:write': ['pullrequest', 'repository'],
  project: ['repository'],
};

/** What a credential with these scopes lets the mirror do, and what it does not. */
export function judgeScopes(granted: readonly string[]): ScopeNeed[] {
  const has = effective(granted);
  const vocabulary = granted.some((scope) => scope.endsWith(':bitbucket')) ? 'api' : 'oauth';
  return NEEDS.map(({ allows, without, ...need }) => ({
    scopes: need[vocabulary],
    missing: need[vocabulary].filter((scope) => !has.has(scope)),
    allows,
    ...(without === undefined ? {} : { without }),
  }));
}

function effective(granted: readonly string[]): ReadonlySet<string> {
  const all = new Set(granted);
  for (const scope of all) for (const implied of IMPLIED[scope] ?? []) all.add(implied);
  return all;
}
