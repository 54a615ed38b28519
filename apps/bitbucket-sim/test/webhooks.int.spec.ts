import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HookReceiver } from './hook-receiver.js';
import { SimUnderTest } from './open-sim.js';

describe('webhooks', () => {
  let sim: SimUnderTest;
  let hooks: HookReceiver;
  const push = (repository = 'acme/storefront') =>
    sim.control('POST', `/repositories/${repository}/commit`, { files: { f: String(Math.random()) } });
  const deliveries = async () => (await sim.control('GET', '/deliveries?settle')).deliveries;
  const subscribe = (body: object, as = 'mirror', subject = '/workspaces/acme') =>
    sim.rest('POST', `${subject}/hooks`, { as, body: { url: hooks.url, ...body } });

  beforeAll(async () => {
    sim = await SimUnderTest.open();
    hooks = await HookReceiver.open();
    await sim.control('POST', '/workspaces', { slug: 'other', owner: 'olivia' });
    await sim.control('POST', '/workspaces/other/projects', { key: 'X' });
  });
  afterAll(async () => {
    await sim[Symbol.asyncDispose]();
    await hooks[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await sim.control('DELETE', '/hooks');
    await sim.control('DELETE', '/faults');
    await sim.control('DELETE', '/deliveries');
    await sim.control('PATCH', '/settings', {
      hookTimeoutMs: 10_000,
      allowInternalHookUrls: true,
      workspaceTokenMayManageHooks: true,
    });
    hooks.received.length = 0;
    hooks.answers = [];
  });

  it('are created with 201 and a Location, and never show their secret', async () => {
    const made = await subscribe({
      events: ['repo:push', 'repo:updated'],
      secret: 's3cret',
      description: 'mirror',
    });

    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      type: 'webhook_subscription',
      active: true,
      events: ['repo:push', 'repo:updated'],
      secret_set: true,
    });
    expect(made.text).not.toContain('s3cret');
    const one = await sim.get(String(made.headers.get('location')), 'mirror');
    expect(one.json.uuid).toBe(made.json.uuid);
    expect((await sim.get('/workspaces/acme/hooks', 'mirror')).json.values).toHaveLength(1);
  });

  it('can be changed and removed, by uuid with or without braces', async () => {
    const { json } = await subscribe({ events: ['repo:push'], secret: 'x' });
    const path = `/workspaces/acme/hooks/${encodeURIComponent(json.uuid)}`;

    const kept = await sim.rest('PUT', path, { as: 'mirror', body: { events: ['repo:deleted'] } });
    const removed = await sim.rest('PUT', path, { as: 'olivia', body: { secret: null, active: false } });
    expect(kept.json).toMatchObject({ events: ['repo:deleted'], secret_set: true });
    expect(removed.json).toMatchObject({ active: false, secret_set: false });
    expect(
      (await sim.rest('DELETE', `/workspaces/acme/hooks/${json.uuid.slice(1, -1)}`, { as: 'olivia' })).status,
    ).toBe(204);
    expect((await sim.get(path, 'mirror')).status).toBe(404);
  });

  it('are for workspace owners, and for workspace tokens unless told otherwise', async () => {
    const byWalter = await sim.rest('POST', '/workspaces/acme/hooks', {
      as: 'walter',
      body: { url: hooks.url, events: ['repo:push'] },
    });
    await sim.control('PATCH', '/settings', { workspaceTokenMayManageHooks: false });
    const byToken = await subscribe({ events: ['repo:push'] });

    expect([byWalter.status, byToken.status]).toEqual([403, 403]);
    expect(
      (await subscribe({ events: ['repo:push'] }, 'mirror', '/repositories/acme/storefront')).status,
    ).toBe(201);
  });

  it('need the read scope of each event', async () => {
    const answer = await subscribe({ events: ['repo:push', 'pullrequest:created'] });

    expect(answer.status).toBe(403);
    expect(answer.json.error.detail).toEqual({
      granted: ['project', 'project:admin', 'repository', 'repository:admin', 'webhook'],
      required: ['repository', 'pullrequest'],
    });
  });

  it.each([
    [{ events: [] }, 'events'],
    [{ events: ['repo:nonsense'] }, 'events'],
    [{ events: ['repo:push'], url: 'ftp://example.com/' }, 'url'],
    [{ events: ['repo:push'], secret: 'x'.repeat(129) }, 'secret'],
  ])('refuse %j', async (body, field) => {
    const answer = await subscribe(body);

    expect(answer.status).toBe(400);
    expect(answer.json.error.fields).toHaveProperty(field);
  });

  it.each([
    'http://127.0.0.1:1/',
    'http://10.1.2.3/',
    'http://[::1]/',
    'http://169.254.169.254/',
    'http://localhost/',
  ])('refuse the internal address %s unless told otherwise', async (url) => {
    expect((await subscribe({ events: ['repo:push'], url })).status).toBe(201);
    await sim.control('PATCH', '/settings', { allowInternalHookUrls: false });
    expect((await subscribe({ events: ['repo:push'], url })).json.error.fields.url).toBeDefined();
  });

  it('carry the documented headers and a signature over the raw body', async () => {
    const { json } = await subscribe({ events: ['repo:push'], secret: 'key' });
    await push();
    await deliveries();
    const [one] = hooks.received;

    expect(one?.headers).toMatchObject({
      'x-event-key': 'repo:push',
      'x-hook-uuid': json.uuid.slice(1, -1),
      'x-attempt-number': '1',
      'user-agent': 'Bitbucket-Webhooks/2.0',
      'content-type': 'application/json',
    });
    expect(one?.headers['x-request-uuid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(one?.headers['x-event-time']).toMatch(/ GMT$/);
    const expected = createHmac('sha256', 'key')
      .update(one?.body ?? '')
      .digest('hex');
    expect(one?.headers['x-hub-signature']).toBe(`sha256=${expected}`);
  });

  it('are tried again at most twice, and only after a 5xx', async () => {
    await sim.control('PATCH', '/settings', { hookRetryDelaysMs: [1, 1] });
    await subscribe({ events: ['repo:push'] });
    hooks.answers = [500, 503, 502, 404];
    await push();
    await push();
    const [first, second] = await deliveries();

    expect(first).toMatchObject({
      state: 'failed',
      attempts: [{ outcome: 500 }, { outcome: 503 }, { outcome: 502 }],
    });
    expect(second).toMatchObject({ state: 'failed', attempts: [{ outcome: 404 }] });
    expect(hooks.received.slice(0, 3).map((one) => one.headers['x-attempt-number'])).toEqual(['1', '2', '3']);
  });

  it('are given up after their time, without another attempt', async () => {
    await sim.control('PATCH', '/settings', { hookTimeoutMs: 50 });
    await subscribe({ events: ['repo:push'] });
    hooks.answers = ['hang'];
    await push();

    expect(await deliveries()).toMatchObject([{ state: 'failed', attempts: [{ outcome: 'TIMEOUT' }] }]);
  });

  it('can be dropped', async () => {
    await subscribe({ events: ['repo:push'] });
    await sim.control('PUT', '/faults', { webhooks: { drop: 1 } });
    await push();
    await push();

    expect((await deliveries()).map((one: { state: string }) => one.state)).toEqual(['dropped', 'delivered']);
    expect(hooks.received).toHaveLength(1);
  });

  it('can be duplicated', async () => {
    await subscribe({ events: ['repo:push'] });
    await sim.control('PUT', '/faults', { webhooks: { duplicate: 'all' } });
    await push();
    await deliveries();

    expect(hooks.received).toHaveLength(2);
    expect(hooks.received[0]?.body).toBe(hooks.received[1]?.body);
  });

  it('can be reordered', async () => {
    await subscribe({ events: ['repo:push'] });
    await sim.control('PUT', '/faults', { webhooks: { reorder: 3 } });
    const pushed = [await push(), await push(), await push()].map(({ hash }) => hash);
    await deliveries();

    expect(hooks.received.map((one) => one.payload.push.changes[0].new.target.hash)).toEqual(
      pushed.reverse(),
    );
  });

  it('can be late', async () => {
    await subscribe({ events: ['repo:push'] });
    await sim.control('PUT', '/faults', { webhooks: { delayMs: 300 } });
    const started = Date.now();
    await push();
    expect(hooks.received).toHaveLength(0);
    await deliveries();

    expect(Date.now() - started).toBeGreaterThanOrEqual(290);
    expect(hooks.received).toHaveLength(1);
  });

  it('tell of what happens to repositories and projects', async () => {
    await subscribe(
      {
        events: [
          'repo:created',
          'repo:updated',
          'repo:deleted',
          'repo:fork',
          'project:updated',
          'repo:transfer',
        ],
      },
      'olivia',
    );
    const rest = (method: string, path: string, body?: object) =>
      sim.rest(method, path, { as: 'olivia', body });
    const steps = [
      () => rest('POST', '/repositories/acme/fresh', { project: { key: 'WEB' } }),
      () => rest('PUT', '/repositories/acme/fresh', { name: 'Renamed' }),
      () => rest('POST', '/repositories/acme/renamed/forks', { name: 'Copy', project: { key: 'DATA' } }),
      () => rest('DELETE', '/repositories/acme/copy'),
      () => rest('PUT', '/workspaces/acme/projects/DATA', { name: 'Numbers' }),
      () => sim.control('POST', '/repositories/acme/renamed/transfer', { workspace: 'other', project: 'X' }),
    ];
    for (const step of steps) {
      await step();
      await deliveries();
    }
    const told = hooks.received.map((one) => one.headers['x-event-key']);

    expect(told.sort()).toEqual(
      ['project:updated', 'repo:created', 'repo:created', 'repo:deleted', 'repo:fork', 'repo:updated'].sort(),
    );
    const updated = hooks.received.find((one) => one.headers['x-event-key'] === 'repo:updated');
    expect(updated?.payload.changes.full_name).toEqual({ old: 'acme/fresh', new: 'acme/renamed' });
    expect(updated?.payload.changes.links.new.html.href).toContain('/acme/renamed');
  });

  it('of a repository tell of its transfer', async () => {
    await subscribe({ events: ['repo:transfer'] }, 'olivia', '/repositories/acme/storefront');
    await sim.control('POST', '/repositories/acme/storefront/transfer', { workspace: 'other', project: 'X' });
    await deliveries();

    expect(hooks.received[0]?.payload).toMatchObject({
      previous_workspace: { slug: 'acme' },
      repository: { full_name: 'other/storefront' },
    });
  });

  it('list the 29 events', async () => {
    const first = await sim.get('/hook_events/repository');
    expect(first.json).toMatchObject({ pagelen: 30, size: 29 });
    expect(first.json.values[0]).toMatchObject({ category: 'Repository', label: 'Push', event: 'repo:push' });
    expect((await sim.get('/hook_events')).json.workspace.events.href).toBe(
      `${sim.url}/2.0/hook_events/workspace`,
    );
    expect((await sim.get('/hook_events/team')).status).toBe(404);
  });
});
