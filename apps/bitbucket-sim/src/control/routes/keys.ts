import { z } from 'zod';
import { addDeployKey, addSshKey, KeyRefused } from '../../keys/key-ring.js';
import type { DeployKey } from '../../state/key-model.js';
import { ControlError, type ControlCall, type ControlRoute } from '../control-route.js';
import { projectOf, repositoryOf, userOf, workspaceOf } from '../find.js';

const newKey = z.strictObject({
  /** As in `id_ed25519.pub`. */
  publicKey: z.string(),
  label: z.string().default(''),
});
const newSshKey = newKey.extend({ expiresOn: z.string().nullable().default(null) });

async function keep<K>(call: ControlCall, add: () => K): Promise<K> {
  try {
    const key = add();
    await call.sim.store.save();
    return key;
  } catch (error) {
    throw error instanceof KeyRefused ? new ControlError(400, error.message) : error;
  }
}

function createSshKey(call: ControlCall) {
  const user = userOf(call, call.params['user'] ?? '');
  const order = call.read(newSshKey);
  return keep(call, () => addSshKey(call.sim.store.state, user, order));
}

/** `?streams=break` also cuts connections that this key has opened. */
async function removeSshKey(call: ControlCall) {
  const { state } = call.sim.store;
  const user = userOf(call, call.params['user'] ?? '');
  const id = (call.params['key'] ?? '').replace(/^\{?|\}?$/g, '');
  const key = state.sshKeys.find((one) => one.ownerUuid === user.uuid && one.uuid === `{${id}}`);
  if (!key) throw new ControlError(404, `no such key of ${user.username}`);
  state.sshKeys = state.sshKeys.filter((one) => one !== key);
  return removed(call, key.fingerprint);
}

type Subject = Pick<DeployKey, 'subject' | 'subjectUuid'>;

const repositorySubject = (call: ControlCall): Subject => ({
  subject: 'repository',
  subjectUuid: repositoryOf(call).uuid,
});

function projectSubject(call: ControlCall): Subject {
  const workspace = workspaceOf(call, call.params['workspace']);
  return { subject: 'project', subjectUuid: projectOf(call, workspace, call.params['project'] ?? '').uuid };
}

function createDeployKey(call: ControlCall, subject: Subject) {
  const order = call.read(newKey);
  return keep(call, () => addDeployKey(call.sim.store.state, subject, order));
}

async function removeDeployKey(call: ControlCall, { subjectUuid }: Subject) {
  const { state } = call.sim.store;
  const key = state.deployKeys.find(
    (one) => one.subjectUuid === subjectUuid && String(one.id) === call.params['key'],
  );
  if (!key) throw new ControlError(404, 'no such deploy key');
  state.deployKeys = state.deployKeys.filter((one) => one !== key);
  return removed(call, key.fingerprint);
}

async function removed(call: ControlCall, fingerprint: string) {
  const broken = call.query.get('streams') === 'break' ? call.sim.live.breakThoseOf(fingerprint) : 0;
  await call.sim.store.save();
  return { broken };
}

const USER = '/users/:user/ssh-keys';

function deployKeyRoutes(prefix: string, subjectOf: (call: ControlCall) => Subject): ControlRoute[] {
  return [
    { method: 'POST', path: prefix, handle: (call) => createDeployKey(call, subjectOf(call)) },
    { method: 'DELETE', path: `${prefix}/:key`, handle: (call) => removeDeployKey(call, subjectOf(call)) },
  ];
}

export const KEY_ROUTES: readonly ControlRoute[] = [
  { method: 'POST', path: USER, handle: createSshKey },
  { method: 'DELETE', path: `${USER}/:key`, handle: removeSshKey },
  ...deployKeyRoutes('/repositories/:workspace/:repository/deploy-keys', repositorySubject),
  ...deployKeyRoutes('/workspaces/:workspace/projects/:project/deploy-keys', projectSubject),
];
