import { isOwner } from '../../access/permission.js';
import { effectiveScopes, SCOPES, vocabularyOf } from '../../access/scopes.js';
import { EVENT_KEYS, readScopeOf } from '../../hooks/event-keys.js';
import { objectionTo } from '../../hooks/internal-url.js';
import { newUuid } from '../../state/identity.js';
import type { Hook } from '../../state/model.js';
import { listAnswer } from '../page.js';
import { badFields, forbidden, lacksScopes, notFound } from '../rest-error.js';
import { repositoryOfCall, textOf, workspaceOfCall } from '../resolve.js';
import { created, noContent, ok, type Call, type RestRoute } from '../rest-route.js';
import { hookPath, hookShape } from '../shapes/hook.js';

/** Subscriptions of two kinds of subject: the same routes under two prefixes. */
interface Subject {
  readonly kind: Hook['subject'];
  readonly uuid: string;
}

const MAX_SECRET = 128;

function repositorySubject(call: Call): Subject {
  return { kind: 'repository', uuid: repositoryOfCall(call, isToken(call) ? 'read' : 'admin').uuid };
}

/** "Only workspace owners may install"; whether a workspace token may is open, so it is a setting. */
function workspaceSubject(call: Call): Subject {
  const workspace = workspaceOfCall(call);
  const { principal, state } = call;
  const ownToken = principal.kind === 'access-token' && principal.token.ownerUuid === workspace.uuid;
  const allowed = isOwner(workspace, principal) || (ownToken && state.settings.workspaceTokenMayManageHooks);
  if (!allowed) throw forbidden();
  return { kind: 'workspace', uuid: workspace.uuid };
}

const isToken = (call: Call): boolean => call.principal.kind === 'access-token';

function hookOf(call: Call, subject: Subject): Hook {
  const id = (call.params['uid'] ?? '').replace(/^\{?|\}?$/g, '');
  const hook = call.state.hooks.find((one) => one.subjectUuid === subject.uuid && one.uuid === `{${id}}`);
  if (!hook) throw notFound(`Webhook {${id}} not found`);
  return hook;
}

async function create(call: Call, subject: Subject) {
  const hook: Hook = {
    uuid: newUuid(),
    subject: subject.kind,
    subjectUuid: subject.uuid,
    description: '',
    url: '',
    active: true,
    secret: null,
    skipCertVerification: false,
    events: [],
    // Subscriptions write their moment with Z and nanoseconds.
    createdAt: new Date().toISOString().replace('Z', '000000Z'),
  };
  const missing = ['url', 'events'].filter((name) => call.body[name] === undefined);
  if (missing.length > 0)
    throw badFields(Object.fromEntries(missing.map((name) => [name, ['This field is required.']])));
  await change(call, hook);
  call.state.hooks.push(hook);
  await call.sim.store.save();
  return created(hookShape(call.state, call.urls, hook), call.urls.api(hookPath(call.state, hook)).href);
}

async function update(call: Call, subject: Subject) {
  const hook = hookOf(call, subject);
  await change(call, hook);
  await call.sim.store.save();
  return ok(hookShape(call.state, call.urls, hook));
}

/** Checks all members of the body first, then changes the subscription. */
async function change(call: Call, hook: Hook): Promise<void> {
  const { body } = call;
  const events = body['events'] === undefined ? hook.events : readEvents(call, body['events']);
  const url = textOf(body, 'url') ?? hook.url;
  const objection = await objectionTo(url, call.state.settings.allowInternalHookUrls);
  if (objection !== undefined) throw badFields({ url: [objection] });
  // Absent leaves the secret, null or "" removes it.
  const secret = 'secret' in body ? textOf(body, 'secret') || null : hook.secret;
  if ((secret?.length ?? 0) > MAX_SECRET)
    throw badFields({ secret: [`Ensure this value has at most ${MAX_SECRET} characters.`] });
  const active = body['active'];
  const skip = body['skip_cert_verification'];
  Object.assign(hook, { events, url, secret, description: textOf(body, 'description') ?? hook.description });
  if (typeof active === 'boolean') hook.active = active;
  if (typeof skip === 'boolean') hook.skipCertVerification = skip;
}

function readEvents(call: Call, value: unknown): string[] {
  const events = Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  if (events.length === 0) throw badFields({ events: ['This field is required.'] });
  const unknown = events.find((one) => !EVENT_KEYS.includes(one));
  if (unknown !== undefined) throw badFields({ events: [`"${unknown}" is not a valid event.`] });
  needReadScopes(call, events);
  return [...new Set(events)];
}

/** `webhook` alone lists hooks; subscribing also needs the read scope of each event. */
function needReadScopes({ principal }: Call, events: readonly string[]): void {
  if (principal.kind === 'anonymous') return;
  const granted = effectiveScopes(principal.token.scopes);
  const required = events.map((event) => readScopeOf(event)[vocabularyOf(principal)]);
  if (required.some((scope) => !granted.has(scope)))
    throw lacksScopes(principal.token.scopes, [...new Set(required)]);
}

async function remove(call: Call, subject: Subject) {
  const hook = hookOf(call, subject);
  call.state.hooks = call.state.hooks.filter((one) => one !== hook);
  await call.sim.store.save();
  return noContent();
}

function list(call: Call, subject: Subject) {
  const own = call.state.hooks.filter((one) => one.subjectUuid === subject.uuid);
  return listAnswer(call, { items: own.map((one) => hookShape(call.state, call.urls, one)) });
}

const reading = { method: 'GET', scopes: SCOPES.readHooks, callers: 'authenticated' } as const;
const changing = { scopes: SCOPES.changeHooks, callers: 'authenticated' } as const;
const removing = { method: 'DELETE', scopes: SCOPES.deleteHooks, callers: 'authenticated' } as const;

function show(call: Call, subject: Subject) {
  return ok(hookShape(call.state, call.urls, hookOf(call, subject)));
}

function routesUnder(prefix: string, subjectOf: (call: Call) => Subject): RestRoute[] {
  const one = `${prefix}/:uid`;
  return [
    { ...reading, path: prefix, handle: (call) => list(call, subjectOf(call)) },
    { ...changing, method: 'POST', path: prefix, handle: (call) => create(call, subjectOf(call)) },
    { ...reading, path: one, handle: (call) => show(call, subjectOf(call)) },
    { ...changing, method: 'PUT', path: one, handle: (call) => update(call, subjectOf(call)) },
    { ...removing, path: one, handle: (call) => remove(call, subjectOf(call)) },
  ];
}

export const HOOKS: readonly RestRoute[] = [
  ...routesUnder('/repositories/:workspace/:repository/hooks', repositorySubject),
  ...routesUnder('/workspaces/:workspace/hooks', workspaceSubject),
];
