import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { AntipodeError } from '@antipode/errors';
import {
  eventually,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { csrfToken, newBrowser } from '@antipode/web-pages';
import { PeopleDirectory } from '../src/people/people-directory.js';
import { AdminSessions } from '../src/people/admin-sessions.js';
import { basic, FakeAuth } from './fake-auth.js';
import { ADMIN_TOKEN, query, Registry, type Json } from './open-registry.js';

const BASE = '/-/api/v1';
const SECRET_KEY = 'ab'.repeat(32);
const PUBLIC_URL = 'http://mirror.example';
const SOMEBODY = '00000000-0000-4000-8000-00000000000';

type Headers = Readonly<Record<string, string>>;
type Access = 'administrators' | 'members' | 'persons' | 'viewers' | 'open';

interface Route {
  readonly method: string;
  readonly path: string;
  readonly access: Access;
  readonly security: readonly Readonly<Record<string, unknown>>[] | undefined;
}

/** Their browsers' names, and so their sessions. */
const BROWSERS = { olivia: newBrowser(), walter: newBrowser(), rita: newBrowser(), sven: newBrowser() };
const session = (browser: string): Headers => ({
  cookie: `antipode=${browser}`,
  'x-antipode-csrf': csrfToken(SECRET_KEY, browser),
});

const localRequest = { headers: {}, socket: { remoteAddress: '127.0.0.1' } } as never;

describe('who may see what by REST', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;
  let auth: FakeAuth;
  let registry: Registry;
  let env: Record<string, string>;
  let idOf: (path: string) => string;
  let routes: Route[];

  beforeAll(async () => {
    [postgres, redis, sim, auth] = await Promise.all([
      startPostgres(),
      startRedis(),
      startSim(),
      FakeAuth.open(),
    ]);
    env = { AUTH_GRPC: auth.address, PUBLIC_URL, SECRET_KEY, WEBHOOK_URL: '' };
    const repositories = sim.state.repositories.map(({ fullName, uuid }) => [fullName, uuid] as const);
    idOf = (path) => (repositories.find(([known]) => known === path)?.[1] ?? '').replace(/[{}]/g, '');
    givenPeople();
    registry = await Registry.open({ neighbours: { postgres, redis, sim }, env });
    await registry.select('*');
    await registry.untilPaths(repositories.map(([path]) => path));
    routes = readRoutes(await (await fetch(`${registry.url}${BASE}/openapi.json`)).json());
  }, 180_000);

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await Promise.all([postgres, redis, sim, auth].map((one) => one?.[Symbol.asyncDispose]()));
  });

  afterEach(() => {
    auth.failure = undefined;
    auth.validForMs = 0;
  });

  function givenPeople(): void {
    const storefront = [idOf('acme/storefront')];
    const person = (n: number, name: string, browser: string): (typeof auth.people)[number] => ({
      id: `${SOMEBODY}${n}`,
      displayName: name,
      roles: {},
      proofs: [browser, basic(`${name}@example.com`, 'the-api-token')],
    });
    auth.people = [
      { ...person(1, 'Olivia', BROWSERS.olivia), roles: { acme: 'administrator' } },
      { ...person(2, 'Walter', BROWSERS.walter), roles: { acme: 'member' }, readable: storefront },
      { ...person(3, 'Rita', BROWSERS.rita), roles: { acme: 'member' }, readable: storefront },
      { ...person(4, 'Sven', BROWSERS.sven), roles: { elsewhere: 'administrator' } },
    ];
  }

  const bearer: Headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const apiToken = (name: string): Headers => ({
    authorization: basic(`${name}@example.com`, 'the-api-token'),
  });

  const ALL: readonly Access[] = ['administrators', 'members', 'persons', 'viewers', 'open'];
  const MEMBERS: readonly Access[] = ['members', 'persons', 'viewers', 'open'];

  /** Each with the accesses that let them in. */
  const CALLERS: readonly (readonly [who: string, headers: Headers, lets: readonly Access[]])[] = [
    ['the bootstrap token', bearer, ALL],
    ['the owner, by session', session(BROWSERS.olivia), ALL],
    ['the owner, by API token', apiToken('Olivia'), ALL],
    ['a writer', session(BROWSERS.walter), MEMBERS],
    ['a reader', apiToken('Rita'), MEMBERS],
    ['a stranger', session(BROWSERS.sven), ['persons', 'viewers', 'open']],
    ['nobody', {}, ['viewers', 'open']],
    ['a browser without a session', session(newBrowser()), ['viewers', 'open']],
  ];

  /** Nonsense in every place: whoever is let in hears that it is nonsense. */
  const callOf = ({ method, path }: Route, id = 'nonsense'): [string, string, unknown] => [
    method,
    path.replace(/\{[^}]+\}/g, id),
    method === 'GET' || method === 'DELETE' ? undefined : { nonsense: true },
  ];

  describe('its description', () => {
    it('is a valid OpenAPI document, in which every route says who may', async () => {
      const document: Json = await (await fetch(`${registry.url}${BASE}/openapi.json`)).json();
      expect(await new Validator().validate(document)).toMatchObject({ valid: true });
      expect(routes.length).toBeGreaterThan(15);
      for (const { method, path, access, security } of routes) {
        const schemes = security?.map((one) => Object.keys(one)[0] ?? 'none');
        const wanted = {
          administrators: ['antipode', 'basic', 'bearer'],
          members: ['antipode', 'basic', 'bearer'],
          persons: ['antipode', 'basic', 'bearer'],
          viewers: ['antipode', 'basic', 'bearer', 'none'],
          open: undefined,
        };
        expect([method, path, schemes?.sort()]).toEqual([method, path, wanted[access]]);
      }
    });

    it.each(CALLERS)('says what every route answers to %s', async (_, headers, lets) => {
      for (const route of routes) {
        const [method, path, body] = callOf(route);
        const { status } = await registry.askWith(method, path, { headers, ...(body ? { body } : {}) });
        const isLetIn = status !== 401 && status !== 403;
        expect([method, path, status, isLetIn]).toEqual([method, path, status, lets.includes(route.access)]);
        // Who they are is known of all but the last two: signing in would not help.
        const isKnown = lets.includes('persons');
        if (!isLetIn) expect([method, path, status]).toEqual([method, path, isKnown ? 403 : 401]);
      }
    });

    it('lets in nobody with a wrong credential, and never asks a browser for a password', async () => {
      const wrong = [
        basic('Olivia@example.com', 'the-wrong-token'),
        basic('x-token-auth', 'a-workspace-token'),
        'Bearer wrong',
        `Bearer ${ADMIN_TOKEN}x`,
        'Basic !',
        'Negotiate abc',
        `Basic ${'a'.repeat(9000)}`,
      ];
      for (const route of routes.filter(({ access }) => access !== 'open')) {
        for (const authorization of route.method === 'GET' ? wrong : wrong.slice(0, 3)) {
          // The session in its cookie must not help.
          const headers = { ...session(BROWSERS.olivia), authorization };
          const [method, path, body] = callOf(route);
          const answer = await registry.askWith(method, path, { headers, ...(body ? { body } : {}) });
          expect([path, authorization.slice(0, 12), answer.status]).toEqual([
            path,
            authorization.slice(0, 12),
            401,
          ]);
          expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="Antipode"');
        }
      }
    });
  });

  describe('repositories', () => {
    const paths = async (headers: Headers, query = ''): Promise<string[]> => {
      const { body } = await registry.askWith('GET', `/repositories${query}`, { headers });
      return body.values.map(({ path }: Json) => path);
    };
    it('are all there for administrators, those that they may read and the public ones for others', async () => {
      const [all, open] = [
        sim.state.repositories.map(({ fullName }) => fullName).sort(),
        sim.state.repositories.filter(({ isPrivate }) => !isPrivate).map(({ fullName }) => fullName),
      ];
      expect(open.length).toBeGreaterThan(0);
      expect(await paths(bearer)).toEqual(all);
      expect(await paths(session(BROWSERS.olivia))).toEqual(all);
      expect(await paths(apiToken('Rita'))).toEqual([...open, 'acme/storefront'].sort());
      expect(await paths(session(BROWSERS.sven))).toEqual(open);
      expect(await paths({})).toEqual(open);
    });

    it('are counted, filtered and paged as if the others were not there', async () => {
      const headers = apiToken('Rita');
      const { body } = await registry.askWith('GET', '/repositories?limit=1', { headers });
      expect(body).toMatchObject({ total: 2, values: [{}] });
      const next = await registry.askWith('GET', `/repositories?limit=1&cursor=${body.next}`, { headers });
      expect(next.body).toMatchObject({ total: 2, next: null, values: [{}] });
      expect(await paths(headers, '?project=DATA')).toEqual([]);
      expect(await paths(headers, '?q=checkout')).toEqual([]);
      expect(await paths(bearer, '?q=checkout')).toEqual(['acme/checkout-api']);
    });

    it('that somebody may not see look like those that there are not', async () => {
      const ask = async (id: string, headers: Headers): Promise<Json> => {
        const { status, body } = await registry.askWith('GET', `/repositories/${id}`, { headers });
        return { status, body };
      };
      for (const headers of [apiToken('Rita'), session(BROWSERS.sven), {}]) {
        const hidden = await ask(idOf('acme/checkout-api'), headers);
        expect(hidden).toMatchObject({ status: 404, body: { code: 'not_found' } });
        expect(hidden).toEqual(await ask(`${SOMEBODY}9`, headers));
      }
      expect(await ask(idOf('acme/storefront'), apiToken('Rita'))).toMatchObject({ status: 200 });
    });

    it('are told of without our nodes and their errors to those who do not run the mirror', async () => {
      const id = idOf('acme/storefront');
      const error = 'cannot write /data/repositories on disk 3';
      await registry.report('syd-1', { repositoryId: id, phase: 5, errorCode: 'disk_full', error });
      const full = async (): Promise<Json> => (await registry.ask('GET', `/repositories/${id}`)).body;
      await eventually(async () => (await full()).phase === 'failing');
      expect(await full()).toMatchObject({ nodes: [{ node: 'syd-1' }], error: { message: error } });
      const { body } = await registry.askWith('GET', `/repositories/${id}`, { headers: apiToken('Rita') });
      expect(body).toMatchObject({ phase: 'failing', nodes: [], error: { code: 'disk_full' } });
      expect(JSON.stringify(body)).not.toMatch(/disk 3|syd-1/);
    });

    it('that became public are not shown to all while public ones are excluded', async () => {
      const [open] = sim.state.repositories.filter(({ isPrivate }) => !isPrivate);
      expect(await paths({})).toEqual([open?.fullName]);
      const put = (publicRepositories: string): Promise<Json> =>
        registry.ask('PUT', '/selection', { mode: 'all', publicRepositories });
      const publish = (is: boolean): Promise<Json> =>
        query(registry.databaseUrl, 'UPDATE repository SET public = $1 WHERE path = $2', [
          is,
          'acme/warehouse',
        ]);
      await put('exclude');
      try {
        // What a webhook has told, before a sweep takes it away.
        await publish(true);
        expect(await paths({})).toEqual([]);
        await publish(false);
      } finally {
        await put('include');
        await registry.untilPaths(sim.state.repositories.map(({ fullName }) => fullName));
      }
    });

    it('are shown without a credential to nobody whose network must show one, public or not', async () => {
      const network = { 'x-antipode-without-credential': 'refused' };
      const open = sim.state.repositories.filter(({ isPrivate }) => !isPrivate);
      const names = open.flatMap(({ fullName, uuid }) => [fullName, uuid.replace(/[{}]/g, '')]);
      for (const who of [{}, session(newBrowser())]) {
        const headers = { ...who, ...network };
        for (const route of routes.filter(({ method }) => method === 'GET')) {
          const [, path] = callOf(route, idOf(open[0]?.fullName ?? ''));
          const { body } = await registry.askWith('GET', path, { headers });
          const text = JSON.stringify(body).replaceAll(path, '');
          expect([path, names.filter((one) => text.includes(one))]).toEqual([path, []]);
        }
        expect((await registry.askWith('GET', '/repositories', { headers })).status).toBe(401);
        // A load balancer there hears how the mirror is, and of no repository or node.
        const balancer = await fetch(`${registry.url}/status`, { headers });
        expect([balancer.status, await balancer.json()]).toEqual([
          200,
          expect.objectContaining({ memberCount: '1', syncedRepos: 0, totalRepos: 0 }),
        ]);
      }
      expect(await paths({ ...session(BROWSERS.sven), ...network })).toEqual(
        open.map(({ fullName }) => fullName),
      );
      expect(await paths({ ...apiToken('Rita'), ...network })).toContain('acme/storefront');
    });

    it('that a reader may not read are in no answer at all', async () => {
      const hidden = sim.state.repositories
        .filter(({ fullName, isPrivate }) => isPrivate && fullName !== 'acme/storefront')
        .flatMap(({ fullName, uuid }) => [fullName, uuid.replace(/[{}]/g, '')]);
      for (const headers of [apiToken('Rita'), session(BROWSERS.rita), session(BROWSERS.sven), {}]) {
        for (const route of routes.filter(({ method }) => method === 'GET')) {
          const [, path] = callOf(route, idOf('acme/checkout-api'));
          const { body } = await registry.askWith('GET', path, { headers });
          const text = JSON.stringify(body).replaceAll(path, '');
          expect([path, hidden.filter((one) => text.includes(one))]).toEqual([path, []]);
        }
      }
    });
  });

  it('asks about people in the name of the address that they come from, and remembers nothing that they show', async () => {
    auth.addresses.length = 0;
    auth.validForMs = 60_000;
    const sent = { authorization: basic('Frieda@example.com', 'her-api-token') };
    const frieda = { id: `${SOMEBODY}7`, displayName: 'Frieda', proofs: [sent.authorization] };
    auth.people.push({ ...frieda, roles: { acme: 'member' } });
    const headers = { ...sent, 'x-forwarded-for': '192.0.2.77' };
    expect((await registry.askWith('GET', '/repositories', { headers })).status).toBe(200);
    expect(auth.addresses).toEqual(['192.0.2.77', '192.0.2.77']);
    const remembered = inspect([...registry.app.get(PeopleDirectory)['people'].values()], { depth: 9 });
    expect(remembered).toContain('Frieda');
    expect(remembered).not.toContain(sent.authorization.split(' ')[1]);
  });

  describe('a call with a session that changes something', () => {
    const change = async (headers: Headers): Promise<number> =>
      (await registry.askWith('PUT', '/selection', { headers, body: { nonsense: true } })).status;
    const cookie = `antipode=${BROWSERS.olivia}`;
    const own = session(BROWSERS.olivia);

    it('is taken from our own pages only', async () => {
      const outcomes = await Promise.all([
        change(own),
        change({ ...own, 'sec-fetch-site': 'same-origin', origin: PUBLIC_URL }),
        change({ cookie }),
        change({ cookie, 'x-antipode-csrf': csrfToken(SECRET_KEY, BROWSERS.rita) }),
        change({ cookie, 'x-antipode-csrf': csrfToken('cd'.repeat(32), BROWSERS.olivia) }),
        change({ ...own, 'sec-fetch-site': 'cross-site' }),
        change({ ...own, 'sec-fetch-site': 'same-site' }),
        change({ ...own, origin: 'http://evil.example' }),
        change({ ...own, origin: 'null' }),
      ]);
      expect(outcomes).toEqual([400, 400, 403, 403, 403, 403, 403, 403, 403]);
    });

    it('needs no header where a credential is sent, which no page can make a browser do', async () => {
      expect(await change(apiToken('Olivia'))).toBe(400);
      expect(await change({ ...bearer, origin: 'http://elsewhere.example' })).toBe(400);
      // But for Basic, which a browser may have remembered.
      expect(await change({ ...apiToken('Olivia'), 'sec-fetch-site': 'cross-site' })).toBe(403);
      expect(await change({ ...apiToken('Olivia'), origin: 'http://evil.example' })).toBe(403);
    });

    it('is in the log with name and id of the person, which shows nothing of another workspace but to the token', async () => {
      const body = { mode: 'all', publicRepositories: 'include', allowNarrowing: true };
      await registry.askWith('PUT', '/projects/WEB/policy', { headers: own, body: { freshness: 'strict' } });
      expect((await registry.askWith('PUT', '/selection', { headers: own, body })).status).toBe(200);
      const script = { headers: apiToken('Olivia'), body: { freshness: 'event' } };
      await registry.askWith('PUT', '/projects/WEB/policy', script);
      const { body: log } = await registry.ask('GET', '/audit?limit=10');
      const actors = log.values
        .filter(({ action }: Json) => action === 'project.policy_changed')
        .map(({ actor }: Json) => actor);
      await query(
        registry.databaseUrl,
        "INSERT INTO audit_entry (actor, action, workspace) VALUES ('x', 'y', 'globex')",
      );
      const seen = async (headers: Headers): Promise<string[]> =>
        (await registry.askWith('GET', '/audit', { headers })).body.values.map(({ action }: Json) => action);
      expect(await seen(bearer)).toContain('y');
      expect(await seen(own)).not.toContain('y');
      expect(await seen(own)).toContain('project.policy_changed');
      expect(actors).toEqual([`Olivia (${SOMEBODY}1), by API token`, `Olivia (${SOMEBODY}1)`]);
    });
  });

  describe('a browser that has shown the admin token', () => {
    it('is an administrator until it signs out, and no cookie of another value is', async () => {
      const sessions = registry.app.get(AdminSessions);
      const written = await sessions.begin(ADMIN_TOKEN, localRequest);
      expect(written).toMatch(/^antipode-token=[\w-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/);
      const [cookie = ''] = written.split(';');
      const status = async (value: string): Promise<number> =>
        (await registry.askWith('GET', '/selection', { headers: { cookie: value } })).status;
      expect(await status(cookie)).toBe(200);
      expect(await status(`antipode-token=${newBrowser()}`)).toBe(401);
      const browser = newBrowser();
      const headers = { ...session(browser), cookie: `antipode=${browser}; ${cookie}` };
      const body = { nonsense: true };
      expect((await registry.askWith('PUT', '/selection', { headers, body })).status).toBe(400);
      expect((await registry.askWith('PUT', '/selection', { headers: { cookie }, body })).status).toBe(403);
      const away = await sessions.end({ headers: { cookie } } as never);
      expect(away).toContain('Max-Age=0');
      expect(await status(cookie)).toBe(401);
    });

    it('is none with a wrong token', async () => {
      const sessions = registry.app.get(AdminSessions);
      await expect(sessions.begin('not-the-admin-token', localRequest)).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    });
  });

  describe('without auth', () => {
    it('people hear so, while the admin token works and nobody is still nobody', async () => {
      auth.failure = new AntipodeError('internal', 'being broken');
      const ask = (headers: Headers): Promise<Json> => registry.askWith('GET', '/repositories', { headers });
      for (const headers of [session(BROWSERS.rita), apiToken('Rita')]) {
        const answer = await ask(headers);
        expect(answer).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
        expect(answer.body.detail).toContain('does not answer');
      }
      expect(await ask(bearer)).toMatchObject({ status: 200 });
      expect(await ask({})).toMatchObject({ status: 200 });
    });

    it('a browser is shown what anybody sees, and can show the admin token', async () => {
      auth.failure = new AntipodeError('primary_unavailable', 'asking');
      const open = async (path: string): Promise<[number, boolean]> => {
        const response = await fetch(`${registry.url}${path}`, { headers: session(BROWSERS.olivia) });
        return [response.status, (await response.text()).includes('You see what anybody sees')];
      };
      expect(await open('/-/')).toEqual([200, true]);
      expect(await open('/-/sign-in')).toEqual([200, true]);
      expect(await open('/-/activity')).toEqual([502, false]);
      auth.failure = undefined;
      expect(await open('/-/')).toEqual([200, false]);
    });

    it('passes on what auth says of a caller: that it is no person, or has failed too often', async () => {
      const hint = 'An access token of a workspace is no person.';
      auth.failure = new AntipodeError('denied', 'identifying', {}, { hint });
      const denied = await registry.askWith('GET', '/repositories', { headers: apiToken('Rita') });
      expect(denied).toMatchObject({ status: 403, body: { detail: hint } });
      auth.failure = new AntipodeError('too_many_failures', 'identifying');
      const limited = await registry.askWith('GET', '/repositories', { headers: apiToken('Rita') });
      expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '60']);
    });
  });

  it('answers 429 with Retry-After to whoever asks too much, and to nobody else', async () => {
    const limits = { REST_ANONYMOUS_LIMIT: '2', REST_VIEWER_LIMIT: '3', REST_FAILURE_LIMIT: '2' };
    await using strict = await Registry.open({
      neighbours: { postgres, redis, sim },
      databaseUrl: registry.databaseUrl,
      env: { ...env, ...limits, ADMIN_TOKEN: 'the-next-admin-token' },
    });
    const statuses = async (count: number, headers: Headers): Promise<number[]> => {
      const answers = [];
      for (let n = 0; n < count; n += 1)
        answers.push(await strict.askWith('GET', '/repositories', { headers }));
      const refused = answers.filter(({ status }) => status === 429);
      for (const one of refused) expect(Number(one.headers.get('retry-after'))).toBeGreaterThan(0);
      return answers.map(({ status }) => status);
    };
    const from = (address: string): Headers => ({ 'x-forwarded-for': address });
    expect(await statuses(3, from('192.0.2.1'))).toEqual([200, 200, 429]);
    expect(await statuses(1, from('192.0.2.2'))).toEqual([200]);
    expect(await statuses(1, from('2001:db8:1:2::1'))).toEqual([200]);
    expect(await statuses(2, from('2001:db8:1:2:3::9'))).toEqual([200, 429]);
    expect(await statuses(4, apiToken('Rita'))).toEqual([200, 200, 200, 429]);
    expect(await statuses(1, apiToken('Olivia'))).toEqual([200]);
    const wrong = { ...from('192.0.2.3'), authorization: 'Bearer wrong' };
    expect(await statuses(3, wrong)).toEqual([401, 401, 429]);
    const next = { authorization: 'Bearer the-next-admin-token' };
    expect(await statuses(1, { ...wrong, ...next })).toEqual([429]);
    expect(await statuses(1, { ...from('192.0.2.4'), ...next })).toEqual([200]);
    // Whoever has used up what somebody unknown may ask is not looked up any more, by pages neither.
    auth.asked.length = 0;
    const cookie1 = { ...from('192.0.2.1'), ...session(newBrowser()) };
    expect(await statuses(1, cookie1)).toEqual([429]);
    expect((await fetch(`${strict.url}/-/`, { headers: cookie1 })).status).toBe(429);
    expect(auth.asked).toEqual([]);
    // What was begun with the token before is over.
    const [cookie = ''] = (await registry.app.get(AdminSessions).begin(ADMIN_TOKEN, localRequest)).split(';');
    const selection = { headers: { cookie, ...from('192.0.2.5') } };
    expect((await strict.askWith('GET', '/selection', selection)).status).toBe(401);
    expect((await registry.askWith('GET', '/selection', selection)).status).toBe(200);
  });
});

function readRoutes(document: Json): Route[] {
  return Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.slice(BASE.length),
      access: operation['x-antipode-access'],
      security: operation.security,
    })),
  );
}
