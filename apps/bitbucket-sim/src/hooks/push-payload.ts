import { readCommits, readExactCommits, type Commit } from '../git/read-commits.js';
import { readRefs, type Ref } from '../git/read-refs.js';
import { runGit } from '../git/run-git.js';
import type { RefUpdate } from '../git/ref-update.js';
import { eventCommitShape } from '../rest/shapes/commit.js';
import type { Json, Urls } from '../rest/shapes/links.js';
import { authorShape } from '../rest/shapes/commit.js';
import { fullName } from '../state/lookup.js';
import type { Repository, State } from '../state/model.js';

/** A payload lists the newest few commits and says `truncated` when there were more. */
const LISTED_COMMITS = 5;
const MERGE_STRATEGIES = [
  'merge_commit',
  'squash',
  'fast_forward',
  'squash_fast_forward',
  'rebase_fast_forward',
  'rebase_merge',
];

export interface PushContext {
  readonly state: State;
  readonly urls: Urls;
  readonly repository: Repository;
  readonly path: string;
}

/** How many changes are looked into at once: each takes a few git processes. */
const AT_ONCE = 4;

/**
 * The changes of repo:push (§9). Refs outside branches and tags are not told. A payload that has
 * grown over the limit will not be sent, so a push of thousands of refs is not looked at to its end.
 */
export async function pushChanges(context: PushContext, updates: readonly RefUpdate[]): Promise<Json[]> {
  const told = updates.filter(({ ref }) => /^refs\/(heads|tags)\//.test(ref));
  const changes: Json[] = [];
  let bytes = 0;
  for (let at = 0; at < told.length && bytes <= context.state.settings.hookPayloadLimitBytes; at += AT_ONCE) {
    const some = await Promise.all(told.slice(at, at + AT_ONCE).map((update) => change(context, update)));
    changes.push(...some);
    bytes += Buffer.byteLength(JSON.stringify(some));
  }
  return changes;
}

async function change(context: PushContext, update: RefUpdate): Promise<Json> {
  const [before, after] = await Promise.all([
    describe(context, update, update.old),
    describe(context, update, update.new),
  ]);
  const forced = await isForced(context.path, update);
  const plain = {
    old: before,
    new: after,
    created: update.old === null,
    forced,
    closed: update.new === null,
  };
  if (update.new === null) return { ...plain, truncated: false };
  const isTag = update.ref.startsWith('refs/tags/');
  if (isTag) return { ...plain, truncated: false, links: { commits: commitsLink(context, update) } };
  const commits = await listCommits(context.path, update);
  return {
    ...plain,
    truncated: commits.length > LISTED_COMMITS,
    links: branchLinks(context, update, forced ? 'rewritten' : 'advanced'),
    commits: commits
      .slice(0, LISTED_COMMITS)
      .map((one) => eventCommitShape(context.state, context.urls, context.repository, one)),
  };
}

async function isForced(path: string, { old, new: now, ref }: RefUpdate): Promise<boolean> {
  if (old === null || now === null || ref.startsWith('refs/tags/')) return false;
  const base = await runGit(path, ['merge-base', old, now], { accept: [1] });
  return base.trim() !== old;
}

const listCommits = (path: string, { old, new: now }: RefUpdate): Promise<Commit[]> =>
  readCommits(path, {
    revisions: [now ?? '', ...(old === null ? [] : [`^${old}`])],
    limit: LISTED_COMMITS + 1,
  });

function commitsLink({ state, urls, repository }: PushContext, update: RefUpdate): Json {
  const exclude = update.old === null ? '' : `&exclude=${update.old}`;
  return {
    href: `${urls.api(`/repositories/${fullName(state, repository)}/commits`).href}?include=${update.new}${exclude}`,
  };
}

function branchLinks(context: PushContext, update: RefUpdate, how: 'rewritten' | 'advanced'): Json {
  const { state, urls, repository } = context;
  const name = fullName(state, repository);
  const branch = update.ref.slice('refs/heads/'.length);
  const links = { commits: commitsLink(context, update) };
  if (update.old === null) return { ...links, html: urls.html(`/${name}/branch/${branch}`) };
  const compare = urls.html(`/${name}/branches/compare/${update.new}..${update.old}`);
  if (how === 'rewritten') return { ...links, html: compare };
  return {
    ...links,
    html: compare,
    diff: urls.api(`/repositories/${name}/diff/${update.new}..${update.old}`),
  };
}

/** A ref as it stood at one end of the update. */
async function describe(context: PushContext, update: RefUpdate, oid: string | null): Promise<Json | null> {
  if (oid === null) return null;
  const { path, state, urls, repository } = context;
  const name = update.ref.replace(/^refs\/(heads|tags)\//, '');
  const isTag = update.ref.startsWith('refs/tags/');
  const [target] = await readExactCommits(path, [oid]).catch(() => []);
  const shared = {
    name,
    target: target ? eventCommitShape(state, urls, repository, target) : null,
    links: refLinks(urls, fullName(state, repository), name, isTag ? 'tags' : 'branches'),
  };
  if (isTag) return { type: 'tag', ...shared, ...(await annotation(context, update, oid)) };
  return {
    type: 'branch',
    ...shared,
    merge_strategies: MERGE_STRATEGIES,
    sync_strategies: ['merge_commit', 'rebase'],
    default_merge_strategy: 'merge_commit',
  };
}

function refLinks(urls: Urls, repository: string, name: string, kind: 'branches' | 'tags'): Json {
  const encoded = encodeURIComponent(name);
  const links = {
    self: urls.api(`/repositories/${repository}/refs/${kind}/${encoded}`),
    commits: urls.api(`/repositories/${repository}/commits/${encoded}`),
    html: urls.html(
      kind === 'tags' ? `/${repository}/commits/tag/${encoded}` : `/${repository}/branch/${encoded}`,
    ),
  };
  if (kind === 'tags') return links;
  return {
    ...links,
    pullrequest_create: urls.html(`/${repository}/pull-requests/new?source=${encoded}&t=1`),
  };
}

async function annotation({ path, state, urls }: PushContext, update: RefUpdate, oid: string): Promise<Json> {
  const nothing = { message: null, date: null, tagger: {} };
  const found: Ref | undefined = (await readRefs(path, update.ref)).find((ref) => ref.oid === oid);
  if (!found?.annotation) return nothing;
  const { message, tagger } = found.annotation;
  return { message, date: tagger.date, tagger: authorShape(state, urls, tagger) };
}
