import { SCOPES, type ScopeNeed } from '../../access/scopes.js';
import { addDeployKey } from '../../keys/key-ring.js';
import type { DeployKey } from '../../state/key-model.js';
import { listAnswer } from '../page.js';
import { newKeyOf, takeKey } from '../read-key.js';
import { notFound } from '../rest-error.js';
import { administeredProject, repositoryOfCall } from '../resolve.js';
import { noContent, ok, type Call, type RestRoute } from '../rest-route.js';
import { deployKeyShape } from '../shapes/key.js';

/** Access keys of repositories and of projects: the same routes under two prefixes. */
interface Family {
  readonly prefix: string;
  readonly subjectOf: (call: Call) => Pick<DeployKey, 'subject' | 'subjectUuid'>;
  readonly scopes: Readonly<Record<'read' | 'change' | 'delete', ScopeNeed>>;
  /** Those of repositories are closed to access tokens (§5). */
  readonly writers: RestRoute['callers'];
}

const REPOSITORY: Family = {
  prefix: '/repositories/:workspace/:repository/deploy-keys',
  subjectOf: (call) => ({ subject: 'repository', subjectUuid: repositoryOfCall(call, 'admin').uuid }),
  scopes: {
    read: SCOPES.readDeployKeys,
    change: SCOPES.changeDeployKeys,
    delete: SCOPES.deleteDeployKeys,
  },
  writers: 'person',
};

const PROJECT: Family = {
  prefix: '/workspaces/:workspace/projects/:project/deploy-keys',
  subjectOf: (call) => ({ subject: 'project', subjectUuid: administeredProject(call).uuid }),
  scopes: {
    read: SCOPES.readProjectDeployKeys,
    change: SCOPES.changeProjectDeployKeys,
    delete: SCOPES.deleteProjectDeployKeys,
  },
  writers: 'authenticated',
};

const shapeOf = (call: Call, key: DeployKey) => deployKeyShape(call.state, call.urls, key);

function list(call: Call, { subjectOf }: Family) {
  const { subjectUuid } = subjectOf(call);
  const own = call.state.deployKeys.filter((one) => one.subjectUuid === subjectUuid);
  return listAnswer(call, { items: own.map((one) => shapeOf(call, one)) });
}

function keyOfCall(call: Call, { subjectOf }: Family): DeployKey {
  const { subjectUuid } = subjectOf(call);
  const key = call.state.deployKeys.find(
    (one) => one.subjectUuid === subjectUuid && String(one.id) === call.params['key'],
  );
  if (!key) throw notFound('Deploy key not found');
  return key;
}

/** Answered with 200, not with 201. */
async function create(call: Call, { subjectOf }: Family) {
  const subject = subjectOf(call);
  const key = takeKey(() => addDeployKey(call.state, subject, newKeyOf(call)));
  await call.sim.store.save();
  return ok(shapeOf(call, key));
}

async function remove(call: Call, family: Family) {
  const key = keyOfCall(call, family);
  call.state.deployKeys = call.state.deployKeys.filter((one) => one !== key);
  await call.sim.store.save();
  return noContent();
}

function routesOf(family: Family): RestRoute[] {
  const { prefix, scopes, writers } = family;
  const one = `${prefix}/:key`;
  const reading = { method: 'GET', scopes: scopes.read, callers: 'authenticated' } as const;
  return [
    { ...reading, path: prefix, handle: (call) => list(call, family) },
    { ...reading, path: one, handle: (call) => ok(shapeOf(call, keyOfCall(call, family))) },
    {
      method: 'POST',
      path: prefix,
      scopes: scopes.change,
      callers: writers,
      handle: (call) => create(call, family),
    },
    {
      method: 'DELETE',
      path: one,
      scopes: scopes.delete,
      callers: writers,
      handle: (call) => remove(call, family),
    },
  ];
}

export const DEPLOY_KEYS: readonly RestRoute[] = [...routesOf(REPOSITORY), ...routesOf(PROJECT)];
