import { SCOPES } from '../../access/scopes.js';
import { ok, type Call, type RestRoute } from '../rest-route.js';
import { fullUserShape, tokenShape } from '../shapes/user.js';

/** What `GET /user` says to an access token is open; it is shown as the "user" named after it. */
function whoAmI(call: Call) {
  const { principal, urls } = call;
  if (principal.kind === 'user') return ok(fullUserShape(urls, principal.user));
  return ok(principal.kind === 'access-token' ? tokenShape(urls, principal.token) : {});
}

export const USER: readonly RestRoute[] = [
  { method: 'GET', path: '/user', scopes: SCOPES.readUser, callers: 'authenticated', handle: whoAmI },
];
