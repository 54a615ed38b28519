import { isOwner } from '../../access/permission.js';
import { SCOPES } from '../../access/scopes.js';
import { findUser } from '../../state/lookup.js';
import type { Repository, User, Workspace } from '../../state/model.js';
import { fieldsOf, type Expression } from '../bbql/expression.js';
import { asksFor } from '../fields.js';
import { listPermissions } from '../list-permissions.js';
import { listAnswer, parseQuery } from '../page.js';
import { badRequest, forbidden, notFound } from '../rest-error.js';
import { administeredWorkspace, ownWorkspace, repositoryOfCall, workspaceOfCall } from '../resolve.js';
import { ok, type Call, type RestRoute } from '../rest-route.js';
import type { Json } from '../shapes/links.js';
import { membershipShape, PERMISSION_ORDER } from '../shapes/permission.js';
import { fullWorkspaceShape } from '../shapes/workspace.js';

const MAX_EMAILS = 90;
/** Not display_name (§3). */
const USER_FIELDS = ['user.nickname', 'user.account_id', 'user.uuid'];

const members = (call: Call, workspace: Workspace): User[] =>
  Object.keys(workspace.members).flatMap((uuid) => findUser(call.state, uuid) ?? []);

/** A list of memberships; `permission` is told by `/permissions` and, in spite of the spec, by `/members` too. */
function listMembers(call: Call) {
  const workspace = ownWorkspace(call);
  const emails = emailsAskedFor(call.query.get('q'));
  if (emails.length > 0) mayJoinByEmail(call, workspace, emails.length);
  const showsEmail = asksFor(call.query.get('fields'), 'values.user.email');
  const items = members(call, workspace).map((user) => membershipShape(call.urls, workspace, user));
  const filtered = emails.length > 0 ? withEmails(call, items) : items;
  const filter = [...USER_FIELDS, 'permission', ...(emails.length > 0 ? ['user.email'] : [])];
  const answer = listAnswer(call, { items: filtered, filter, sort: USER_FIELDS });
  return emails.length > 0 && !showsEmail ? ok(withoutEmails(answer.json as Json)) : answer;
}

/** Addresses that the query compares `user.email` with. */
function emailsAskedFor(q: string | null): string[] {
  if (!q || !fieldsOf(parseQuery(q)).includes('user.email')) return [];
  return collect(parseQuery(q));
}

function collect(expression: Expression): string[] {
  if ('left' in expression) return [...collect(expression.left), ...collect(expression.right)];
  if (expression.field !== 'user.email') return [];
  return (expression.kind === 'in' ? expression.values : [expression.value]).map(String);
}

/** Workspace administrators and workspace access tokens only, 90 addresses at a time. */
function mayJoinByEmail(call: Call, workspace: Workspace, count: number): void {
  const { principal } = call;
  const isToken = principal.kind === 'access-token' && principal.token.kind === 'workspace';
  if (!isToken && !isOwner(workspace, principal)) throw forbidden();
  if (count > MAX_EMAILS) throw badRequest(`Too many emails: at most ${MAX_EMAILS} are allowed.`);
}

const withEmails = (call: Call, items: Json[]): Json[] =>
  items.map((item) => {
    const user = item['user'] as Json;
    const account = findUser(call.state, String(user['uuid']));
    return { ...item, user: { ...user, email: account?.email } };
  });

function withoutEmails(page: Json): Json {
  const values = (page['values'] as Json[]).map((item) => {
    const { email: _hidden, ...user } = item['user'] as Json;
    return { ...item, user };
  });
  return { ...page, values };
}

function oneMember(call: Call) {
  const workspace = ownWorkspace(call);
  const user = findUser(call.state, call.params['member'] ?? '');
  if (!user || workspace.members[user.uuid] === undefined)
    throw notFound('The member is not part of the workspace.');
  return ok(membershipShape(call.urls, workspace, user));
}

function listRoles(call: Call) {
  const workspace = ownWorkspace(call);
  const items = members(call, workspace).map((user) => membershipShape(call.urls, workspace, user));
  return listAnswer(call, {
    items,
    filter: [...USER_FIELDS, 'permission'],
    sort: ['permission'],
    ranks: { permission: PERMISSION_ORDER },
  });
}

/** Everybody's effective permissions: every user × repository. */
const crawl = (call: Call, repositories: readonly Repository[]) =>
  listPermissions(call, repositories, call.state.users, USER_FIELDS);

function crawlWorkspace(call: Call) {
  const workspace = administeredWorkspace(call);
  return crawl(
    call,
    call.state.repositories.filter((one) => one.workspaceUuid === workspace.uuid),
  );
}

const reading = { method: 'GET' } as const;

export const WORKSPACES: readonly RestRoute[] = [
  {
    ...reading,
    path: '/workspaces/:workspace',
    scopes: SCOPES.readWorkspace,
    callers: 'authenticated',
    handle: (call) => ok(fullWorkspaceShape(call.urls, workspaceOfCall(call))),
  },
  {
    ...reading,
    path: '/workspaces/:workspace/members',
    scopes: SCOPES.readMemberships,
    callers: 'authenticated',
    handle: listMembers,
  },
  {
    ...reading,
    path: '/workspaces/:workspace/members/:member',
    scopes: SCOPES.readMemberships,
    callers: 'authenticated',
    handle: oneMember,
  },
  {
    ...reading,
    path: '/workspaces/:workspace/permissions',
    scopes: SCOPES.readMemberships,
    callers: 'person',
    handle: listRoles,
  },
  {
    ...reading,
    path: '/workspaces/:workspace/permissions/repositories',
    scopes: SCOPES.crawlPermissions,
    callers: 'person',
    handle: crawlWorkspace,
  },
  {
    ...reading,
    path: '/workspaces/:workspace/permissions/repositories/:repository',
    scopes: SCOPES.crawlRepositoryPermissions,
    callers: 'person',
    handle: (call) => crawl(call, [repositoryOfCall(call, 'admin')]),
  },
];
