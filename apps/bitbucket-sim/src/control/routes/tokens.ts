import { z } from 'zod';
import { newSecret, newUuid, timestamp } from '../../state/identity.js';
import type { Token } from '../../state/model.js';
import { ControlError, type ControlCall, type ControlRoute } from '../control-route.js';
import { projectOf, repositoryOf, userOf, workspaceOf } from '../find.js';

const newToken = z.strictObject({
  kind: z.enum(['api', 'repository', 'project', 'workspace']),
  name: z.string().default('A token'),
  scopes: z.array(z.string()),
  expiresOn: z.string().nullable().default(null),
  /** The owner of an API token. */
  user: z.string().optional(),
  /** The resource of an access token; `repository` is a slug, `project` a key. */
  workspace: z.string().optional(),
  project: z.string().optional(),
  repository: z.string().optional(),
});

async function create(call: ControlCall) {
  const order = call.read(newToken);
  const token: Token = {
    id: newUuid().slice(1, -1),
    kind: order.kind,
    secret: newSecret(order.kind === 'api' ? 'api' : 'access'),
    name: order.name,
    scopes: order.scopes,
    ownerUuid: ownerOf(call, order),
    expiresOn: order.expiresOn,
    revokedOn: null,
  };
  call.sim.store.state.tokens.push(token);
  await call.sim.store.save();
  return token;
}

function ownerOf(call: ControlCall, order: z.output<typeof newToken>): string {
  if (order.kind === 'api') return userOf(call, order.user ?? '').uuid;
  const workspace = workspaceOf(call, order.workspace);
  if (order.kind === 'workspace') return workspace.uuid;
  if (order.kind === 'project') return projectOf(call, workspace, order.project ?? '').uuid;
  return repositoryOf({ ...call, params: { workspace: workspace.slug, repository: order.repository ?? '' } })
    .uuid;
}

function tokenOf({ sim, params }: ControlCall): Token {
  const id = params['token'] ?? '';
  const token = sim.store.state.tokens.find((one) => one.id === id || one.secret === id);
  if (!token) throw new ControlError(404, 'no such token');
  return token;
}

const patch = z.strictObject({
  scopes: z.array(z.string()).optional(),
  expiresOn: z.string().nullable().optional(),
});

async function change(call: ControlCall) {
  const { scopes, expiresOn } = call.read(patch);
  const token = tokenOf(call);
  if (scopes !== undefined) token.scopes = scopes;
  if (expiresOn !== undefined) token.expiresOn = expiresOn;
  await call.sim.store.save();
  return token;
}

/** `?streams=break` also cuts git answers under way: "revoked mid-stream". */
async function revoke(call: ControlCall) {
  const token = tokenOf(call);
  token.revokedOn = timestamp();
  const broken = call.query.get('streams') === 'break' ? call.sim.live.breakThoseOf(token.id) : 0;
  await call.sim.store.save();
  return { ...token, broken };
}

async function restore(call: ControlCall) {
  const token = tokenOf(call);
  token.revokedOn = null;
  await call.sim.store.save();
  return token;
}

export const TOKEN_ROUTES: readonly ControlRoute[] = [
  { method: 'POST', path: '/tokens', handle: create },
  { method: 'PATCH', path: '/tokens/:token', handle: change },
  { method: 'DELETE', path: '/tokens/:token', handle: revoke },
  { method: 'POST', path: '/tokens/:token/restore', handle: restore },
];
