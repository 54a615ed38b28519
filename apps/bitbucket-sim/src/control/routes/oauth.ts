import { z } from 'zod';
import { revokeGrants } from '../../oauth/grants.js';
import { newOpaque } from '../../state/identity.js';
import type { OAuthConsumer } from '../../state/oauth-model.js';
import { ControlError, type ControlCall, type ControlRoute } from '../control-route.js';
import { userOf, workspaceOf } from '../find.js';

const newConsumer = z.strictObject({
  name: z.string().default('An application'),
  key: z.string().optional(),
  secret: z.string().optional(),
  callbackUrl: z.url().nullable().default(null),
  scopes: z.array(z.string()),
  /** The first one when absent. */
  workspace: z.string().optional(),
});

async function create(call: ControlCall) {
  const { name, key, secret, callbackUrl, scopes, workspace } = call.read(newConsumer);
  const consumer: OAuthConsumer = {
    key: key ?? newOpaque().slice(0, 18),
    secret: secret ?? newOpaque(),
    name,
    callbackUrl,
    scopes,
    workspaceUuid: workspaceOf(call, workspace).uuid,
  };
  call.sim.store.state.oauth.consumers.push(consumer);
  await call.sim.store.save();
  return consumer;
}

const consumerPatch = z.strictObject({
  /** Null: not checked. */
  callbackUrl: z.url().nullable().optional(),
  scopes: z.array(z.string()).optional(),
});

async function change(call: ControlCall) {
  const { callbackUrl, scopes } = call.read(consumerPatch);
  const consumer = call.sim.store.state.oauth.consumers.find(({ key }) => key === call.params['key']);
  if (!consumer) throw new ControlError(404, 'no such consumer');
  if (callbackUrl !== undefined) consumer.callbackUrl = callbackUrl;
  if (scopes !== undefined) consumer.scopes = scopes;
  await call.sim.store.save();
  return consumer;
}

/** As on the person's own page of applications; `?streams=break` also cuts git answers under way. */
async function revoke(call: ControlCall) {
  const dead = revokeGrants(call.sim.store.state, userOf(call, call.params['user'] ?? ''));
  const isBreaking = call.query.get('streams') === 'break';
  const broken = isBreaking ? dead.reduce((sum, id) => sum + call.sim.live.breakThoseOf(id), 0) : 0;
  await call.sim.store.save();
  return { tokens: dead.length, broken };
}

export const OAUTH_ROUTES: readonly ControlRoute[] = [
  { method: 'POST', path: '/oauth/consumers', handle: create },
  { method: 'PATCH', path: '/oauth/consumers/:key', handle: change },
  { method: 'GET', path: '/oauth/grants', handle: ({ sim }) => sim.store.state.oauth.grants },
  { method: 'DELETE', path: '/users/:user/grants', handle: revoke },
];
