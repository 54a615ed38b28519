import { SCOPES } from '../../access/scopes.js';
import { listPermissions } from '../list-permissions.js';
import { listAnswer } from '../page.js';
import { forbidden } from '../rest-error.js';
import { caller, userOfCall, workspaceOfCall } from '../resolve.js';
import { ok, type Call, type RestRoute } from '../rest-route.js';
import { membershipShape } from '../shapes/permission.js';
import type { Json } from '../shapes/links.js';
import { fullUserShape, tokenShape } from '../shapes/user.js';
import { workspaceBaseShape } from '../shapes/workspace.js';

/** What `GET /user` says to an access token is open; it is shown as the "user" named after it. */
function whoAmI(call: Call) {
  const { principal, urls } = call;
  if (principal.kind === 'user') return ok(fullUserShape(urls, principal.user));
  return ok(principal.kind === 'access-token' ? tokenShape(urls, principal.token) : {});
}

function emails(call: Call) {
  const { email } = caller(call);
  const shape = {
    type: 'email',
    email,
    is_primary: true,
    is_confirmed: true,
    links: { self: call.urls.api(`/user/emails/${encodeURIComponent(email)}`) },
  };
  return listAnswer(call, { items: [shape] });
}

function workspaces(call: Call) {
  const user = caller(call);
  const wanted = call.query.get('administrator');
  const items = call.state.workspaces
    .filter((workspace) => workspace.members[user.uuid] !== undefined)
    .map((workspace) => ({
      type: 'workspace_access',
      administrator: workspace.members[user.uuid] === 'owner',
      workspace: workspaceBaseShape(call.urls, workspace),
    }))
    .filter(({ administrator }) => wanted === null || String(administrator) === wanted.toLowerCase());
  const fields = ['workspace.slug', 'slug'];
  const answer = listAnswer(call, { items: items.map(withSlug), pagelen: 25, filter: fields, sort: fields });
  return ok(withoutSlug(answer.json as Json));
}

/** Filtering by `slug` needs one at the top. */
const withSlug = (item: Json): Json => ({ ...item, slug: (item['workspace'] as Json)['slug'] });
const withoutSlug = (page: Json): Json => ({
  ...page,
  values: (page['values'] as Json[]).map(({ slug: _slug, ...item }) => item),
});

function ownRole(call: Call) {
  const user = caller(call);
  const workspace = workspaceOfCall(call);
  if (workspace.members[user.uuid] === undefined) throw forbidden();
  return ok(membershipShape(call.urls, workspace, user));
}

/** Own effective permissions; public repositories without a grant are left out. */
function ownRepositories(call: Call) {
  const user = caller(call);
  const workspace = workspaceOfCall(call);
  if (workspace.members[user.uuid] === undefined) throw forbidden();
  const repositories = call.state.repositories.filter((one) => one.workspaceUuid === workspace.uuid);
  return listPermissions(call, repositories, [user]);
}

const reading = { method: 'GET', callers: 'person' } as const;
const MEMBERSHIP = '/user/workspaces/:workspace';

export const USER: readonly RestRoute[] = [
  { ...reading, path: '/user', scopes: SCOPES.readUser, callers: 'authenticated', handle: whoAmI },
  { ...reading, path: '/user/emails', scopes: SCOPES.readEmail, handle: emails },
  { ...reading, path: '/user/workspaces', scopes: SCOPES.readMemberships, handle: workspaces },
  { ...reading, path: `${MEMBERSHIP}/permission`, scopes: SCOPES.readMemberships, handle: ownRole },
  {
    ...reading,
    path: `${MEMBERSHIP}/permissions/repositories`,
    scopes: SCOPES.ownPermissions,
    handle: ownRepositories,
  },
  {
    ...reading,
    path: '/users/:user',
    scopes: SCOPES.lookUpUser,
    callers: 'anyone',
    handle: (call) => ok(fullUserShape(call.urls, userOfCall(call))),
  },
];
