import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import { CHECKOUT } from '@antipode/testing';

export const TOKEN = 'the-right-admin-token';
export const WORKSPACE_TOKEN = 'the-right-workspace-token';

/** When the fake mirror's repositories were looked at, so that texts do not depend on the day. */
export const NOW = Date.parse('2026-03-01T12:00:00Z');
const before = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

const unverified = {
  verification: null as { state: string; at: string; message: string } | null,
  verifiedAt: null as string | null,
};
const state = { epoch: 3, progress: null, error: null, sizeBytes: 282_500, receivedBytesTotal: 229_200 };

function repository(slug: string, projectKey: string, more: Record<string, unknown> = {}) {
  const own = { ...state, ...unverified, phase: 'ready', confirmedAt: before(4), lagSeconds: 4, ...more };
  const id = `00000000-0000-4000-8000-${slug
    .padEnd(12, '0')
    .slice(0, 12)
    .replaceAll(/[^0-9a-f]/g, 'a')}`;
  return {
    ...{ id, path: `acme/${slug}`, name: slug, projectKey, public: false, ...own },
    cloneUrls: { https: `https://mirror.example/acme/${slug}.git` },
    pushUrl: `https://bitbucket.org/acme/${slug}.git`,
    nodes: own.phase === 'absent' ? [] : [{ node: 'tokyo', reportedAt: before(2), ...own }],
  };
}

const newMirror = () => ({
  selection: { mode: 'selected', projectKeys: ['OPS', 'WEB'], publicRepositories: 'include' } as {
    publicRepositories: 'include' | 'exclude';
  } & ({ mode: 'all' } | { mode: 'selected'; projectKeys: string[] }),
  policies: { WEB: { freshness: 'bounded:30', lfsPrefetch: null } } as Record<
    string,
    { freshness: string | null; lfsPrefetch: 'on' | 'off' | null }
  >,
  projects: [
    { key: 'DATA', id: '1', name: 'Data', private: true },
    {
      key: 'OPS',
      id: '2',
      name: 'Operations\u001b[2J of a name that is rather long, as names of projects are',
      private: true,
    },
    { key: 'WEB', id: '3', name: 'Web shop', private: false },
  ],
  repositories: [
    repository('storefront', 'WEB'),
    repository('checkout', 'WEB', {
      ...{ phase: 'cloning', epoch: 0, confirmedAt: null, lagSeconds: null, sizeBytes: 0 },
      ...{ progress: { step: 'receiving', percent: 42, receivedBytes: 1_200_000 }, receivedBytesTotal: 0 },
    }),
    repository('pipelines', 'OPS', {
      ...{ phase: 'failing', lagSeconds: 4000, confirmedAt: before(4000) },
      error: { code: 'primary_unavailable', message: 'The primary does not answer.' },
      lfs: {
        ...{ objects: 12, bytes: 48_000_000, missing: 2, missingBytes: 3000 },
        error: { code: 'not_found', message: 'The primary says: no such object' },
      },
    }),
  ],
  connection: {
    state: 'connected',
    reason: null as string | null,
    nextStep: null as string | null,
    primary: { kind: 'bitbucket-cloud', name: 'Bitbucket Cloud' },
    workspace: 'acme' as string | null,
    managedBy: 'api' as 'settings' | 'api' | null,
    keptData: null as { workspace: string; until: string } | null,
    checkedAt: before(30),
    error: null as { code: string; message: string } | null,
    webhook: {
      state: 'polling',
      reason: 'Neither WEBHOOK_URL nor PUBLIC_URL is set.' as string | null,
      url: null as string | null,
    },
  },
  lastFullAt: before(180) as string | null,
  /** What happens next, one at each look at the connection. */
  next: [] as (() => void)[],
  /** What was asked of the connection, in the words of the API. */
  asked: [] as unknown[],
  removalSuspended: null as { count: number; since: string; paths: string[] } | null,
  checks: { database: 'ok', redis: 'ok' } as Record<string, string>,
  /** What the Date header says; absent: the time that it is. */
  date: undefined as string | undefined,
  /** How verifications and new clones end. */
  outcome: { state: 'ok', message: 'All refs and objects are as they should be.' },
  /** What somebody wanted, and what happens at each look at a repository from then on. */
  repairs: [] as string[],
  looks: [] as (() => void)[],
  webhooks: [] as { id: string; url: string; events: string[]; active: boolean; createdAt: string }[],
  /** What the other end of webhooks answers; null: it does not. */
  listener: 200 as number | null,
  /** Ids of repositories that somebody wanted to be synced. */
  synced: [] as string[],
});

const MIRRORS = [
  {
    ...{ id: '1', name: 'tokyo', region: 'Asia', self: true, state: 'available', checkedAt: null },
    ...{ url: 'https://mirror.example', sshUrl: 'ssh://git@mirror.example:7999' },
  },
  {
    ...{ id: '2', name: 'lisbon', region: null, self: false, state: 'unreachable', checkedAt: before(20) },
    ...{ url: 'https://lisbon.example', sshUrl: null },
  },
];

type Choice = {
  mode: 'all' | 'selected';
  projectKeys?: string[];
  dryRun?: boolean;
  allowNarrowing?: boolean;
};
type State = ReturnType<typeof newMirror>;
type Shapes = Record<string, z.ZodType>;

/** A mirror's REST API with few, fixed facts. What it answers is held against the registry's own schemas. */
export class FakeMirror implements AsyncDisposable {
  state = newMirror();
  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    private readonly shapes: Shapes,
  ) {}

  static async open(): Promise<FakeMirror> {
    // By its path: apps do not import each other, and a fake that drifts from the real thing must fail.
    const files = [
      ...['rest/schemas.ts', 'rest/change-schemas.ts'],
      ...['outgoing/outgoing-schemas.ts', 'siblings/siblings-schemas.ts'],
    ].map((name) => join(CHECKOUT, 'apps/registry/src', name));
    const modules = await Promise.all(
      files.map((file) => import(pathToFileURL(file).href) as Promise<Shapes>),
    );
    const server = createServer();
    const mirror = new FakeMirror(server, Object.assign({}, ...modules) as Shapes);
    server.on('request', (request, response) => void mirror.answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return mirror;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** As it was at the beginning. */
  reset(): void {
    this.state = newMirror();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await readAll(request);
    const { status, body } = this.decideOrSay(request, sent);
    if (this.state.date !== undefined) response.setHeader('date', this.state.date);
    response.writeHead(status, {
      'content-type': status < 400 ? 'application/json' : 'application/problem+json',
    });
    response.end(JSON.stringify(body));
  }

  private decideOrSay(request: IncomingMessage, sent: string): { status: number; body: unknown } {
    try {
      return this.decide(request, sent);
    } catch (error) {
      return problem(500, 'internal', String(error));
    }
  }

  private decide(
    { method, url = '', headers }: IncomingMessage,
    body: string,
  ): { status: number; body: unknown } {
    const { pathname, searchParams } = new URL(url, 'http://mirror');
    if (!pathname.startsWith('/-/api/v1/')) return { status: 404, body: {} };
    if (headers.authorization !== `Bearer ${TOKEN}`)
      return problem(401, 'unauthenticated', 'Send "Authorization: Bearer <admin token>".');
    const [what = '', id, verb] = pathname.slice('/-/api/v1/'.length).split('/');
    if (what === 'webhooks') return this.tell(method, body, { id, verb });
    if (what === 'projects' && id !== undefined) return this.govern(id, JSON.parse(body) as object);
    if (id !== undefined) return this.one(id, verb);
    return this.all(what, { method, searchParams, body });
  }

  private all(
    what: string,
    {
      method,
      searchParams,
      body,
    }: { method: string | undefined; searchParams: URLSearchParams; body: string },
  ): { status: number; body: unknown } {
    const { state } = this;
    if (method === 'PUT' && what === 'selection') return this.choose(JSON.parse(body) as Choice);
    switch (what) {
      case 'projects':
        return this.as('projectsSchema', {
          values: state.projects.map((one) => ({
            ...one,
            selected: this.isSelected(one.key),
            policy: this.policyOf(one.key),
          })),
        });
      case 'mirrors':
        return this.as('mirrorsSchema', { values: MIRRORS });
      case 'selection':
        return this.as('selectionSchema', state.selection);
      case 'connection':
        return this.tie(method, searchParams, body);
      case 'status':
        return this.as('statusSchema', this.status());
      case 'repositories':
        return this.as('repositoriesSchema', this.page(searchParams));
      default:
        return problem(404, 'not_found', 'There is no such route.');
    }
  }

  private tie(method: string | undefined, query: URLSearchParams, body: string) {
    const { connection, asked, next } = this.state;
    if (method === 'GET') next.shift()?.();
    else if (connection.managedBy === 'settings')
      return problem(409, 'conflict', 'It comes from the settings.');
    if (method === 'PUT') return this.connect(JSON.parse(body) as { workspace: string; token: string });
    if (method === 'DELETE') {
      asked.push({ now: this.as('disconnectQuery', Object.fromEntries(query)).body });
      const until = new Date(query.has('now') ? Date.now() : Date.now() + 604_800_000).toISOString();
      const workspace = connection.workspace ?? connection.keptData?.workspace ?? '';
      const state = connection.state === 'unconnected' ? 'unconnected' : 'disconnecting';
      Object.assign(connection, { state, workspace: null, keptData: { workspace, until } });
    }
    return this.as('connectionSchema', connection);
  }

  private connect(sent: { workspace: string; token: string }) {
    this.as('connectSchema', sent);
    if (sent.token !== WORKSPACE_TOKEN)
      return problem(400, 'invalid', 'Bitbucket Cloud does not take this credential.');
    if (sent.workspace === 'nobody')
      return problem(404, 'not_found', 'Bitbucket Cloud shows this credential no such workspace.');
    const { connection, asked } = this.state;
    asked.push(sent);
    Object.assign(connection, { state: 'connecting', workspace: sent.workspace, managedBy: 'api' });
    connection.keptData = null;
    this.state.lastFullAt = null;
    return this.as('connectionSchema', connection);
  }

  private choose({ dryRun = false, allowNarrowing = false, ...choice }: Choice) {
    this.as('chooseSchema', { ...choice, dryRun, allowNarrowing });
    const { state } = this;
    const before = state.selection;
    if (before.mode === 'all' && choice.mode === 'selected' && !allowNarrowing)
      return problem(409, 'conflict', 'From all projects back to some: only with allowNarrowing.');
    const mirrored = (): string[] =>
      state.repositories.filter((one) => this.isSelected(one.projectKey)).map(({ id }) => id);
    const had = mirrored();
    state.selection = { ...choice, publicRepositories: 'include' } as State['selection'];
    const kept = mirrored();
    const removed = state.repositories.filter(({ id }) => had.includes(id) && !kept.includes(id));
    const removes = {
      projectKeys: [...new Set(removed.map(({ projectKey }) => projectKey))],
      count: removed.length,
      sizeBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      repositories: removed.map(({ id, path, projectKey, public: open, sizeBytes }) => ({
        ...{ id, path, projectKey, public: open, sizeBytes },
      })),
      complete: true,
    };
    const adds = { projectKeys: [], count: 0, sizeBytes: 0, repositories: [], complete: true };
    const answer = { ...state.selection, change: { dryRun, narrowing: allowNarrowing, removes, adds } };
    if (dryRun) state.selection = before;
    return this.as('chosenSchema', answer);
  }

  private one(id: string, verb: string | undefined): { status: number; body: unknown } {
    const found = this.state.repositories.find((one) => one.id === id);
    if (!found) return problem(404, 'not_found', 'There is no such mirrored repository.');
    if (verb === 'verify' || verb === 'reclone') return this.repair(found, verb);
    if (verb !== 'sync') {
      this.state.looks.shift()?.();
      return this.as('repositorySchema', found);
    }
    this.state.synced.push(id);
    if (found.error === null) Object.assign(found, { phase: 'ready', confirmedAt: before(0), epoch: 4 });
    return { ...this.as('acceptedSchema', { accepted: true }), status: 202 };
  }

  /** At the first look nothing has begun, at the second it runs, at the third it has ended. */
  private repair(found: State['repositories'][number], how: string): { status: number; body: unknown } {
    const note = (state: string, message: string, seconds: number) => () => {
      const verification = { state, at: before(seconds), message };
      for (const one of [found, ...found.nodes]) Object.assign(one, { verification });
    };
    const { looks, outcome, repairs } = this.state;
    repairs.push(`${how} ${found.path}`);
    // Each ends later than the one before.
    const ago = 100 - 10 * repairs.length;
    looks.push(() => undefined, note('running', 'Looking through all objects.', ago + 1));
    looks.push(note(outcome.state, outcome.message, ago));
    return { ...this.as('acceptedSchema', { accepted: true }), status: 202 };
  }

  private policyOf(key: string) {
    return this.state.policies[key] ?? { freshness: null, lfsPrefetch: null };
  }

  private govern(key: string, change: object) {
    this.as('policyChangeSchema', change);
    this.state.policies[key] = { ...this.policyOf(key), ...change };
    return this.as('policySchema', this.policyOf(key));
  }

  private tell(
    method: string | undefined,
    body: string,
    { id, verb }: { id: string | undefined; verb: string | undefined },
  ): { status: number; body: unknown } {
    const { state } = this;
    if (id === undefined && method === 'GET')
      return this.as('subscriptionsSchema', { values: state.webhooks });
    if (id === undefined) {
      const { secret, ...sent } = JSON.parse(body) as { secret: string; url: string; events: string[] };
      this.as('subscribeSchema', { secret, ...sent });
      const made = { active: true, ...sent, id: `hook-${state.webhooks.length + 1}`, createdAt: before(0) };
      state.webhooks.push(made);
      return { ...this.as('subscriptionSchema', made), status: 201 };
    }
    if (!state.webhooks.some((one) => one.id === id))
      return problem(404, 'not_found', 'There is no such webhook.');
    if (method === 'DELETE') {
      state.webhooks = state.webhooks.filter((one) => one.id !== id);
      return { status: 200, body: { removed: true } };
    }
    if (verb !== 'ping') return problem(404, 'not_found', 'There is no such route.');
    const { listener } = state;
    const error = listener === null ? 'connect ECONNREFUSED' : null;
    return this.as('pingSchema', { delivered: listener === 200, status: listener, error });
  }

  /** Two to a page, so that whoever reads one page alone is found out. */
  private page(query: URLSearchParams): unknown {
    const q = (query.get('q') ?? '').toLowerCase();
    const all = this.state.repositories.filter(
      (one) =>
        one.path.includes(q) &&
        [one.projectKey, null].includes(query.get('project')) &&
        [one.phase, null].includes(query.get('phase')),
    );
    const from = Number(query.get('cursor') ?? 0);
    const size = Math.min(2, Number(query.get('limit') ?? 2));
    const next = from + size < all.length ? String(from + size) : null;
    return { values: all.slice(from, from + size), next, total: all.length };
  }

  private status(): unknown {
    const { connection, selection, repositories, removalSuspended, checks } = this.state;
    const phases = ['absent', 'cloning', 'ready', 'syncing', 'failing', 'removed'];
    const byPhase = phases.map((phase) => [phase, repositories.filter((one) => one.phase === phase).length]);
    return {
      connection: { state: connection.state, error: connection.error },
      selection,
      repositories: { total: repositories.length, byPhase: Object.fromEntries(byPhase) },
      nodes: [{ name: 'tokyo', seenAt: before(2) }],
      sweep: { lastAt: before(12), lastFullAt: this.state.lastFullAt },
      removalSuspended,
      checks,
    };
  }

  private isSelected(key: string): boolean {
    const { selection } = this.state;
    return selection.mode === 'all' || selection.projectKeys.includes(key);
  }

  /** What the registry adds to its answers is its own business; what it takes back or renames is ours. */
  private as(schema: string, body: unknown): { status: number; body: unknown } {
    const shape = this.shapes[schema];
    if (!shape) throw new Error(`the registry has no ${schema} any more`);
    const issues = shape.safeParse(body, { reportInput: true }).error?.issues ?? [];
    const wrong = issues.filter(({ code, input }) => code === 'unrecognized_keys' || input !== undefined);
    if (wrong.length > 0) throw new Error(`the registry answers otherwise: ${JSON.stringify(wrong)}`);
    return { status: 200, body };
  }
}

const problem = (status: number, code: string, detail: string) => ({
  status,
  body: { type: `urn:antipode:problem:${code}`, title: code, status, code, detail },
});

async function readAll(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
