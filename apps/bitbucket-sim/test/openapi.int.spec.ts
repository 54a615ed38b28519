import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv, type ErrorObject } from 'ajv';
import * as formats from 'ajv-formats';
import ssh2 from 'ssh2';
import { REST_ROUTES } from '../src/rest/rest-routes.js';
import { SimUnderTest } from './open-sim.js';

/** The vendor's description is not ours to keep in this repository; where it lies beside the checkout, it is used. */
const FILE =
  process.env['BITBUCKET_OPENAPI'] ??
  join(import.meta.dirname, '../../../../shared/reference/bitbucket-cloud-openapi.json');
const known = existsSync(FILE) ? describe : describe.skip;

/* eslint-disable @typescript-eslint/no-explicit-any -- a foreign document of 40,000 lines */
type Document = { paths: Record<string, any>; components: { schemas: Record<string, unknown> } };

/** One concrete request per GET route, by its pattern. */
const EXAMPLES: Record<string, { path: string; as?: string; status?: number }> = {
  '/user': { path: '/user' },
  '/user/emails': { path: '/user/emails' },
  '/user/workspaces': { path: '/user/workspaces' },
  '/user/workspaces/:workspace/permission': { path: '/user/workspaces/acme/permission' },
  '/user/workspaces/:workspace/permissions/repositories': {
    path: '/user/workspaces/acme/permissions/repositories',
  },
  '/users/:user': { path: '/users/USER' },
  '/workspaces/:workspace': { path: '/workspaces/acme' },
  '/workspaces/:workspace/members': { path: '/workspaces/acme/members' },
  '/workspaces/:workspace/members/:member': { path: '/workspaces/acme/members/USER' },
  '/workspaces/:workspace/permissions': { path: '/workspaces/acme/permissions' },
  '/workspaces/:workspace/permissions/repositories': { path: '/workspaces/acme/permissions/repositories' },
  '/workspaces/:workspace/permissions/repositories/:repository': {
    path: '/workspaces/acme/permissions/repositories/storefront',
  },
  '/workspaces/:workspace/projects': { path: '/workspaces/acme/projects' },
  '/workspaces/:workspace/projects/:project': { path: '/workspaces/acme/projects/WEB' },
  '/workspaces/:workspace/projects/:project/permissions-config/users': {
    path: '/workspaces/acme/projects/WEB/permissions-config/users',
  },
  '/workspaces/:workspace/projects/:project/permissions-config/users/:user': {
    path: '/workspaces/acme/projects/WEB/permissions-config/users/USER',
  },
  '/workspaces/:workspace/projects/:project/permissions-config/groups': {
    path: '/workspaces/acme/projects/WEB/permissions-config/groups',
  },
  '/workspaces/:workspace/projects/:project/permissions-config/groups/:group': {
    path: '/workspaces/acme/projects/WEB/permissions-config/groups/crew',
  },
  '/workspaces/:workspace/hooks': { path: '/workspaces/acme/hooks' },
  '/workspaces/:workspace/hooks/:uid': { path: '/workspaces/acme/hooks/WSHOOK' },
  '/repositories/:workspace': { path: '/repositories/acme?pagelen=3' },
  '/repositories/:workspace/:repository': { path: '/repositories/acme/storefront' },
  '/repositories/:workspace/:repository/forks': { path: '/repositories/acme/handbook/forks' },
  '/repositories/:workspace/:repository/refs': { path: '/repositories/acme/storefront/refs' },
  '/repositories/:workspace/:repository/refs/branches': {
    path: '/repositories/acme/storefront/refs/branches',
  },
  '/repositories/:workspace/:repository/refs/branches/:name*': {
    path: '/repositories/acme/storefront/refs/branches/main',
  },
  '/repositories/:workspace/:repository/refs/tags': { path: '/repositories/acme/storefront/refs/tags' },
  '/repositories/:workspace/:repository/refs/tags/:name*': {
    path: '/repositories/acme/storefront/refs/tags/v1.0.0',
  },
  '/repositories/:workspace/:repository/commits': { path: '/repositories/acme/storefront/commits?pagelen=5' },
  '/repositories/:workspace/:repository/commits/:revision*': {
    path: '/repositories/acme/storefront/commits/main?pagelen=5',
  },
  '/repositories/:workspace/:repository/commit/:commit': {
    path: '/repositories/acme/storefront/commit/main',
  },
  '/repositories/:workspace/:repository/permissions-config/users': {
    path: '/repositories/acme/storefront/permissions-config/users',
  },
  '/repositories/:workspace/:repository/permissions-config/users/:user': {
    path: '/repositories/acme/storefront/permissions-config/users/USER',
  },
  '/repositories/:workspace/:repository/permissions-config/groups': {
    path: '/repositories/acme/storefront/permissions-config/groups',
  },
  '/repositories/:workspace/:repository/permissions-config/groups/:group': {
    path: '/repositories/acme/storefront/permissions-config/groups/crew',
  },
  '/repositories/:workspace/:repository/hooks': { path: '/repositories/acme/storefront/hooks' },
  '/repositories/:workspace/:repository/hooks/:uid': { path: '/repositories/acme/storefront/hooks/HOOK' },
  '/users/:user/ssh-keys': { path: '/users/OLIVIA/ssh-keys' },
  '/users/:user/ssh-keys/:key': { path: '/users/OLIVIA/ssh-keys/SSHKEY' },
  '/repositories/:workspace/:repository/deploy-keys': { path: '/repositories/acme/storefront/deploy-keys' },
  '/repositories/:workspace/:repository/deploy-keys/:key': {
    path: '/repositories/acme/storefront/deploy-keys/REPOKEY',
  },
  '/workspaces/:workspace/projects/:project/deploy-keys': {
    path: '/workspaces/acme/projects/WEB/deploy-keys',
  },
  '/workspaces/:workspace/projects/:project/deploy-keys/:key': {
    path: '/workspaces/acme/projects/WEB/deploy-keys/PROJECTKEY',
  },
  '/repositories/:workspace/:repository/branch-restrictions': {
    path: '/repositories/acme/storefront/branch-restrictions',
  },
  '/repositories/:workspace/:repository/branch-restrictions/:id': {
    path: '/repositories/acme/storefront/branch-restrictions/RULE',
  },
  '/hook_events': { path: '/hook_events' },
  '/hook_events/:subject': { path: '/hook_events/workspace' },
  '/repositories': { path: '/repositories', status: 410 },
  '/workspaces': { path: '/workspaces', status: 410 },
  '/user/permissions/repositories': { path: '/user/permissions/repositories', status: 410 },
  '/user/permissions/workspaces': { path: '/user/permissions/workspaces', status: 410 },
  '/snippets': { path: '/snippets', status: 410 },
};

const publicKey = async (): Promise<string> => (await generateKeyPair('ed25519')).public;
const generateKeyPair = promisify(ssh2.utils.generateKeyPair) as (
  kind: 'ed25519',
) => Promise<{ public: string }>;

known('the answers, held against the published description', () => {
  let sim: SimUnderTest;
  let document: Document;
  let ajv: Ajv;
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    document = loosened(JSON.parse(readFileSync(FILE, 'utf8'))) as Document;
    ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
    (formats.default as unknown as (to: Ajv) => void)(ajv); // its types describe a CommonJS module
    ajv.addSchema(document, 'bitbucket');
    sim = await SimUnderTest.open();
    const hook = (path: string) =>
      sim.rest('POST', `${path}/hooks`, {
        as: 'olivia',
        body: { url: 'http://127.0.0.1:1/', events: ['repo:push'] },
      });
    ids['USER'] = encodeURIComponent(sim.user('walter').uuid);
    ids['WSHOOK'] = encodeURIComponent((await hook('/workspaces/acme')).json.uuid);
    ids['HOOK'] = encodeURIComponent((await hook('/repositories/acme/storefront')).json.uuid);
    const post = async (path: string, body: unknown) =>
      (await sim.rest('POST', path, { as: 'olivia', body })).json;
    const [key, robot] = [await publicKey(), await publicKey()];
    ids['OLIVIA'] = encodeURIComponent(sim.user('olivia').uuid);
    const sshKey = await post(`/users/${ids['OLIVIA']}/ssh-keys`, { key });
    ids['SSHKEY'] = encodeURIComponent(sshKey.uuid);
    ids['REPOKEY'] = (await post('/repositories/acme/storefront/deploy-keys', { key: robot })).id;
    ids['PROJECTKEY'] = (await post('/workspaces/acme/projects/WEB/deploy-keys', { key: robot })).id;
    const rule = { kind: 'push', pattern: 'main', users: [{ uuid: sim.user('walter').uuid }] };
    ids['RULE'] = (await post('/repositories/acme/storefront/branch-restrictions', rule)).id;
    await sim.control('PUT', '/workspaces/acme/groups/crew', { members: ['walter'] });
    for (const subject of ['/repositories/acme/storefront', '/workspaces/acme/projects/WEB']) {
      await sim.control('PUT', `${subject}/groups/crew`, { permission: 'write' });
      await sim.control('PUT', `${subject}/users/walter`, { permission: 'write' });
    }
    await sim.rest('POST', '/repositories/acme/handbook/forks', { as: 'olivia', body: { name: 'copy' } });
    // The other documented form of the ssh link, `git@host:path`, is no URI.
    await sim.control('PATCH', '/settings', { sshLinkForm: 'url' });
  });
  afterAll(() => sim[Symbol.asyncDispose]());

  const gets = REST_ROUTES.filter(({ method }) => method === 'GET').map(({ path }) => path);

  it('has an example of every GET route', () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual([...gets].sort());
  });

  it('describes every route that the simulator answers, whatever the method', () => {
    const odd = REST_ROUTES.filter(({ method, path }) => operation(document, method, path) === undefined);
    expect(odd.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  it.each(gets)('GET %s', async (pattern) => {
    const example = EXAMPLES[pattern];
    const path = (example?.path ?? '').replace(/[A-Z]{4,}/g, (id) => ids[id] ?? id);
    const answer = await sim.get(path, example?.as ?? 'olivia');
    expect(answer.status).toBe(example?.status ?? 200);
    const schema = schemaOf(document, pattern, answer.status);
    const problems = schema === undefined ? [] : check(ajv, schema, answer.json);

    expect(problems).toEqual([]);
    if (Array.isArray(answer.json?.values)) expect(answer.json.values.length).toBeGreaterThan(0);
  });

  it.each([
    ['/repositories/acme/none', 'olivia', 404],
    ['/repositories/acme/storefront', 'sven', 403],
    ['/repositories/acme?pagelen=1000', 'olivia', 400],
    ['/user', undefined, 401],
  ])('refuses %s with the described error', async (path, as, status) => {
    const answer = await sim.get(path, as);

    expect(answer.status).toBe(status);
    expect(check(ajv, { $ref: 'bitbucket#/components/schemas/error' }, answer.json)).toEqual([]);
  });
});

/**
 * The description is stricter than the host: live answers carry members that it does not know, and null where it
 * allows none; its own examples do. Types, required members, enums and formats stay.
 */
function loosened(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(loosened);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(
    ([name, value]) => !(name === 'additionalProperties' && value === false),
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [name, name === '$ref' ? `bitbucket${String(value)}` : loosened(value)]),
  );
}

function withoutNulls(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutNulls);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, withoutNulls(value)]),
  );
}

function check(ajv: Ajv, schema: object, json: unknown): string[] {
  const validate = ajv.compile(schema);
  if (validate(withoutNulls(json))) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message }: ErrorObject) => `${instancePath} ${message}`,
  );
}

const shapeOf = (path: string): string => path.replace(/:[a-z]+\*?|\{[^}]+\}/g, '*').replace(/\/$/, '');

function operation(document: Document, method: string, pattern: string): any {
  const found = Object.keys(document.paths).find((path) => shapeOf(path) === shapeOf(pattern));
  return found === undefined ? undefined : document.paths[found][method.toLowerCase()];
}

function schemaOf(document: Document, pattern: string, status: number): object | undefined {
  const { responses } = operation(document, 'GET', pattern);
  return responses[String(status)]?.content?.['application/json']?.schema;
}
