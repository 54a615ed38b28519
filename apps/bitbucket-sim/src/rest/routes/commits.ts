import { SCOPES } from '../../access/scopes.js';
import { resolve } from '../../git/make-commit.js';
import { readCommits, type Commit, type CommitRange } from '../../git/read-commits.js';
import { findRepository } from '../../state/lookup.js';
import type { Repository } from '../../state/model.js';
import { pageLink, readPagelen } from '../page.js';
import { badRequest, notFound } from '../rest-error.js';
import { repositoryOfCall } from '../resolve.js';
import { ok, type Answer, type Call, type RestRoute } from '../rest-route.js';
import { commitShape } from '../shapes/commit.js';

const DEFAULT_PAGELEN = 30;
/** What the real thing answers for commits of a repository that is not there: its web page, 25 KB of it. */
const MISSING_PAGE = `<!DOCTYPE html><html><head><title>Page not found &mdash; Bitbucket</title></head><body>${'<!-- -->'.repeat(3_100)}</body></html>`;

/** Iterator-based: an opaque `ctx`, only `next` and `pagelen`. */
async function page(
  call: Call,
  repository: Repository,
  wanted: Pick<CommitRange, 'revisions' | 'from'>,
): Promise<Answer> {
  const pagelen = readPagelen(call.query, DEFAULT_PAGELEN, 100);
  const skip = readContext(call.query.get('ctx'));
  const commits = await readCommits(call.sim.disk.path(repository), { ...wanted, limit: pagelen + 1, skip });
  const values = commits
    .slice(0, pagelen)
    .map((commit) => commitShape(call.state, call.urls, repository, commit));
  const ctx = Buffer.from(`${repository.uuid} ${skip + pagelen}`).toString('base64url');
  return ok({ values, pagelen, ...(commits.length > pagelen ? { next: pageLink(call, { ctx }) } : {}) });
}

function readContext(ctx: string | null): number {
  if (ctx === null) return 0;
  const skip = Number(
    /^\{[0-9a-f-]{36}\} (\d{1,9})$/.exec(Buffer.from(ctx, 'base64url').toString('utf8'))?.[1],
  );
  if (!Number.isSafeInteger(skip)) throw badRequest('Invalid page');
  return skip;
}

async function list(call: Call): Promise<Answer> {
  const repository = repositoryOfCall(call);
  const include = await hashes(call, repository, call.query.getAll('include'));
  const exclude = await hashes(call, repository, call.query.getAll('exclude'));
  const revisions = [...include, ...exclude.map((hash) => `^${hash}`)];
  if (include.length > 0) return page(call, repository, { revisions });
  // Without any ref git would fall back to HEAD, which is not born yet.
  if (repository.mainbranch === null) return ok({ values: [], pagelen: DEFAULT_PAGELEN });
  return page(call, repository, { revisions, from: 'all-refs' });
}

async function listOne(call: Call): Promise<Answer> {
  const { workspace = '', repository: slug = '', revision = '' } = call.params;
  if (!findRepository(call.state, workspace, slug)) return { status: 404, html: MISSING_PAGE };
  const repository = repositoryOfCall(call);
  return page(call, repository, { revisions: await hashes(call, repository, [revision]) });
}

/** Names become hashes first: what a caller sends must never be an option to git. */
async function hashes(call: Call, repository: Repository, revisions: readonly string[]): Promise<string[]> {
  const path = call.sim.disk.path(repository);
  return Promise.all(
    revisions.map(async (revision) => {
      const hash = await resolve(path, revision);
      if (hash === null) throw notFound(`Commit not found: ${revision}`);
      return hash;
    }),
  );
}

async function one(call: Call): Promise<Answer> {
  const repository = repositoryOfCall(call);
  const [hash = ''] = await hashes(call, repository, [call.params['commit'] ?? '']);
  const [commit] = await readCommits(call.sim.disk.path(repository), { revisions: [hash], limit: 1 });
  return ok(commitShape(call.state, call.urls, repository, commit as Commit)); // it was resolved a moment ago
}

const ONE = '/repositories/:workspace/:repository';
const scopes = SCOPES.readRepository;

export const COMMITS: readonly RestRoute[] = [
  { method: 'GET', path: `${ONE}/commits`, scopes, callers: 'anyone', handle: list },
  { method: 'GET', path: `${ONE}/commits/:revision*`, scopes, callers: 'anyone', handle: listOne },
  { method: 'GET', path: `${ONE}/commit/:commit`, scopes, callers: 'anyone', handle: one },
];
