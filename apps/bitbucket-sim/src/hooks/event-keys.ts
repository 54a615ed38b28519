/** The 29 events of Bitbucket Cloud, with the scope that one must have to subscribe to them. */
const of = (prefix: string, names: string): string[] => names.split(' ').map((name) => `${prefix}:${name}`);

const REPOSITORY = of(
  'repo',
  'push fork imported updated created deleted transfer commit_comment_created commit_status_created commit_status_updated',
);
const PULL_REQUEST = of(
  'pullrequest',
  'created updated push approved unapproved changes_request_created changes_request_removed fulfilled rejected ' +
    'comment_created comment_updated comment_deleted comment_reopened comment_resolved',
);

export const EVENT_KEYS: readonly string[] = [
  ...REPOSITORY,
  'project:updated',
  'pipeline:span_created',
  ...of('issue', 'created updated comment_created'),
  ...PULL_REQUEST,
];

const CATEGORY: Readonly<Record<string, string>> = {
  repo: 'Repository',
  project: 'Project',
  pipeline: 'Pipelines',
  issue: 'Issue',
  pullrequest: 'Pull Request',
};

export const categoryOf = (key: string): string => CATEGORY[key.split(':')[0] ?? ''] ?? 'Repository';

/** `commit_status_created` becomes `Commit status created`. */
export function labelOf(key: string): string {
  const words = (key.split(':')[1] ?? '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The read scope that subscribing to an event needs besides `webhook`. */
export function readScopeOf(key: string): { oauth: string; api: string } {
  const subject = key.split(':')[0] ?? '';
  const noun = subject === 'repo' ? 'repository' : subject;
  return { oauth: noun, api: `read:${noun}:bitbucket` };
}
