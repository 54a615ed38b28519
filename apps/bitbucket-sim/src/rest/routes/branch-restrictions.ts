import { SCOPES } from '../../access/scopes.js';
import { findUser, workspaceOf } from '../../state/lookup.js';
import type { BranchRestriction, Repository } from '../../state/model.js';
import { listAnswer } from '../page.js';
import { badFields, badRequest, conflict, notFound } from '../rest-error.js';
import { repositoryOfCall, textOf } from '../resolve.js';
import { created, noContent, ok, type Answer, type Call, type RestRoute } from '../rest-route.js';
import { branchRestrictionShape } from '../shapes/branch-restriction.js';

const KINDS = [
  'push', 'force', 'delete', 'restrict_merges', 'require_tasks_to_be_completed', 'require_approvals_to_merge',
  'require_review_group_approvals_to_merge', 'require_default_reviewer_approvals_to_merge',
  'require_no_changes_requested', 'require_passing_builds_to_merge', 'require_commits_behind',
  'reset_pullrequest_approvals_on_change', 'smart_reset_pullrequest_approvals',
  'reset_pullrequest_changes_requested_on_change', 'require_all_dependencies_merged', 'enforce_merge_checks',
  'allow_auto_merge_when_builds_pass', 'require_all_comments_resolved',
]; // prettier-ignore

/** The hook gets them separated by blanks. */
const PATTERN = /^[^\s]{1,255}$/;

const rulesOf = (repository: Repository): BranchRestriction[] => repository.branchRestrictions ?? [];

function shapeOf(call: Call, repository: Repository, rule: BranchRestriction) {
  return branchRestrictionShape(call.state, call.urls, repository, rule);
}

function list(call: Call): Answer {
  const repository = repositoryOfCall(call, 'admin');
  const [kind, pattern] = [call.query.get('kind'), call.query.get('pattern')];
  const items = rulesOf(repository)
    .filter((rule) => kind === null || rule.kind === kind)
    .filter((rule) => pattern === null || rule.pattern === pattern)
    .map((rule) => shapeOf(call, repository, rule));
  return listAnswer(call, { items });
}

function ruleOfCall(call: Call, repository: Repository): BranchRestriction {
  const rule = rulesOf(repository).find(({ id }) => String(id) === call.params['id']);
  if (!rule) throw notFound('Branch restriction not found');
  return rule;
}

async function create(call: Call): Promise<Answer> {
  const repository = repositoryOfCall(call, 'admin');
  const kind = textOf(call.body, 'kind');
  if (kind === undefined || !KINDS.includes(kind)) throw badFields({ kind: ['Invalid kind.'] });
  const rule = { id: 0, kind, pattern: '', value: null, users: [], groups: [] };
  change(call, repository, rule);
  if (rulesOf(repository).some((one) => one.kind === kind && one.pattern === rule.pattern))
    throw conflict('A restriction of this kind exists for this pattern.');
  call.state.lastId += 1;
  const kept = { ...rule, id: call.state.lastId };
  repository.branchRestrictions = [...rulesOf(repository), kept];
  await call.sim.store.save();
  return created(shapeOf(call, repository, kept));
}

/** What is absent stays as it is. */
function change(call: Call, repository: Repository, rule: BranchRestriction): void {
  const { body } = call;
  if ((textOf(body, 'branch_match_kind') ?? 'glob') !== 'glob')
    throw badRequest('There is no branching model in this simulator.');
  const pattern = textOf(body, 'pattern') ?? rule.pattern;
  if (!PATTERN.test(pattern)) throw badFields({ pattern: ['This field is required.'] });
  const users = body['users'] === undefined ? rule.users : usersOf(call, body['users']);
  const groups = body['groups'] === undefined ? rule.groups : groupsOf(call, repository, body['groups']);
  const value = typeof body['value'] === 'number' ? body['value'] : rule.value;
  Object.assign(rule, { pattern, users, groups, value });
}

const members = (list: unknown, name: string): string[] =>
  (Array.isArray(list) ? (list as unknown[]) : []).map((one) => {
    const text = typeof one === 'object' && one !== null ? textOf({ ...one }, name) : undefined;
    if (text === undefined) throw badRequest(`Each member needs a ${name}.`);
    return text;
  });

function usersOf(call: Call, list: unknown): string[] {
  return members(list, 'uuid').map((uuid) => {
    const user = findUser(call.state, uuid);
    if (!user) throw badFields({ users: [`${uuid} is not a valid user`] });
    return user.uuid;
  });
}

function groupsOf(call: Call, repository: Repository, list: unknown): string[] {
  const known = workspaceOf(call.state, repository).groups.map(({ slug }) => slug);
  const slugs = members(list, 'slug');
  const unknown = slugs.find((slug) => !known.includes(slug));
  if (unknown !== undefined) throw badFields({ groups: [`${unknown} is not a valid group`] });
  return slugs;
}

async function update(call: Call): Promise<Answer> {
  const repository = repositoryOfCall(call, 'admin');
  const rule = ruleOfCall(call, repository);
  change(call, repository, rule);
  await call.sim.store.save();
  return ok(shapeOf(call, repository, rule));
}

async function remove(call: Call): Promise<Answer> {
  const repository = repositoryOfCall(call, 'admin');
  const rule = ruleOfCall(call, repository);
  repository.branchRestrictions = rulesOf(repository).filter((one) => one !== rule);
  await call.sim.store.save();
  return noContent();
}

function get(call: Call): Answer {
  const repository = repositoryOfCall(call, 'admin');
  return ok(shapeOf(call, repository, ruleOfCall(call, repository)));
}

const ALL = '/repositories/:workspace/:repository/branch-restrictions';
const ONE = `${ALL}/:id`;
const shared = { scopes: SCOPES.adminRepository, callers: 'authenticated' } as const;

export const BRANCH_RESTRICTIONS: readonly RestRoute[] = [
  { ...shared, method: 'GET', path: ALL, handle: list },
  { ...shared, method: 'POST', path: ALL, handle: create },
  { ...shared, method: 'GET', path: ONE, handle: get },
  { ...shared, method: 'PUT', path: ONE, handle: update },
  { ...shared, method: 'DELETE', path: ONE, handle: remove },
];
