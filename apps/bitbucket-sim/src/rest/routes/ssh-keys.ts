import { SCOPES } from '../../access/scopes.js';
import { addSshKey } from '../../keys/key-ring.js';
import type { SshKey } from '../../state/key-model.js';
import type { User } from '../../state/model.js';
import { listAnswer } from '../page.js';
import { newKeyOf, takeKey } from '../read-key.js';
import { badRequest, forbidden, notFound } from '../rest-error.js';
import { caller, userOfCall } from '../resolve.js';
import { created, noContent, ok, type Call, type RestRoute } from '../rest-route.js';
import { sshKeyPath, sshKeyShape } from '../shapes/key.js';

/** Nobody sees anybody else's keys. */
function ownAccount(call: Call): User {
  const user = userOfCall(call);
  if (caller(call) !== user) throw forbidden();
  return user;
}

const keysOf = (call: Call, user: User): SshKey[] =>
  call.state.sshKeys.filter((one) => one.ownerUuid === user.uuid);

function keyOfCall(call: Call): SshKey {
  const id = (call.params['key'] ?? '').replace(/^\{?|\}?$/g, '');
  const key = keysOf(call, ownAccount(call)).find(({ uuid }) => uuid === `{${id}}`);
  if (!key) throw notFound(`SSH key ${id} not found`);
  return key;
}

function list(call: Call) {
  const keys = keysOf(call, ownAccount(call));
  return listAnswer(call, { items: keys.map((one) => sshKeyShape(call.state, call.urls, one)) });
}

/** The expiry is a parameter of the query, not a member of the body. */
async function create(call: Call) {
  const user = ownAccount(call);
  const expiresOn = call.query.get('expires_on');
  if (expiresOn !== null && Number.isNaN(Date.parse(expiresOn))) throw badRequest('Invalid expires_on');
  const key = takeKey(() => addSshKey(call.state, user, { ...newKeyOf(call), expiresOn }));
  await call.sim.store.save();
  return created(sshKeyShape(call.state, call.urls, key), call.urls.api(sshKeyPath(key)).href);
}

async function remove(call: Call) {
  const key = keyOfCall(call);
  call.state.sshKeys = call.state.sshKeys.filter((one) => one !== key);
  await call.sim.store.save();
  return noContent();
}

const ALL = '/users/:user/ssh-keys';
const ONE = `${ALL}/:key`;
const callers = 'person';

export const SSH_KEYS: readonly RestRoute[] = [
  { method: 'GET', path: ALL, scopes: SCOPES.readSshKeys, callers, handle: list },
  { method: 'POST', path: ALL, scopes: SCOPES.changeSshKeys, callers, handle: create },
  {
    method: 'GET',
    path: ONE,
    scopes: SCOPES.readSshKeys,
    callers,
    handle: (call) => ok(sshKeyShape(call.state, call.urls, keyOfCall(call))),
  },
  { method: 'DELETE', path: ONE, scopes: SCOPES.deleteSshKeys, callers, handle: remove },
];
