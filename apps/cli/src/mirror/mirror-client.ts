import { isCode, type Code } from '@antipode/errors';
import type { z } from 'zod';
import { printable } from '../screen/printable.js';
import { stoppedShort } from '../stopped-short.js';
import type { Mirror } from './find-mirror.js';
import {
  chosenShape,
  connectionShape,
  mirrorsShape,
  pingShape,
  policyShape,
  problemShape,
  projectsShape,
  repositoriesShape,
  repositoryShape,
  selectionShape,
  statusShape,
  webhookShape,
  webhooksShape,
  type Chosen,
  type Connection,
  type KnownMirror,
  type MirrorStatus,
  type Ping,
  type Policy,
  type Project,
  type Repository,
  type Selection,
  type Webhook,
} from './shapes.js';

const ANSWER_MS = 15_000;
/** The mirror asks the primary before it answers. */
const CONNECT_MS = 60_000;
const PAGE = 200;

export interface RepositoryFilter {
  readonly project?: string;
  readonly phase?: string;
  /** A part of the path or of the name. */
  readonly q?: string;
}

export type Choice = ({ mode: 'all' } | { mode: 'selected'; projectKeys: string[] }) & {
  readonly dryRun?: boolean;
  /** Needed to get from all projects back to some. */
  readonly allowNarrowing?: boolean;
};

/** Null: as the mirror has it. */
export interface PolicyChange {
  readonly freshness?: string | null;
  readonly lfsPrefetch?: 'on' | 'off' | null;
}

/** A workspace, and what opens it. */
export interface WorkspaceCredential {
  readonly workspace: string;
  readonly token: string;
  /** Of a person's API token; absent for a workspace access token. */
  readonly email?: string;
  readonly username?: string;
}

/** The mirror's REST API (`/-/api/v1`). Every failure is an AntipodeError whose hint tells the next step. */
export class MirrorClient {
  constructor(
    readonly mirror: Mirror,
    private readonly stop?: AbortSignal,
  ) {}

  async projects(): Promise<Project[]> {
    return (await this.get('projects', projectsShape)).values;
  }

  selection(): Promise<Selection> {
    return this.get('selection', selectionShape);
  }

  /** Changes what is mirrored; with `dryRun` only says what that would do. */
  async select(choice: Choice): Promise<Chosen> {
    const response = await this.ask('selection', { method: 'PUT', body: JSON.stringify(choice) });
    return this.read(response, chosenShape);
  }

  connection(): Promise<Connection> {
    return this.get('connection', connectionShape);
  }

  /** Connects the mirror, or replaces the credential; the primary is asked first. */
  async connect(credential: WorkspaceCredential): Promise<Connection> {
    const init = { method: 'PUT', body: JSON.stringify(credential) };
    return this.read(await this.ask('connection', init, CONNECT_MS), connectionShape);
  }

  /** Begins to disconnect; asking again is harmless. */
  async disconnect(data: 'kept' | 'now'): Promise<Connection> {
    const path = data === 'now' ? 'connection?now=true' : 'connection';
    return this.read(await this.ask(path, { method: 'DELETE' }), connectionShape);
  }

  status(): Promise<MirrorStatus> {
    return this.get('status', statusShape);
  }

  repository(id: string): Promise<Repository> {
    return this.get(`repositories/${encodeURIComponent(id)}`, repositoryShape);
  }

  /** Those that match, by path, and how many they are in all. @param most of them at most */
  async repositories(
    filter: RepositoryFilter = {},
    most = Infinity,
  ): Promise<{ values: Repository[]; total: number }> {
    const values: Repository[] = [];
    let cursor: string | undefined;
    for (;;) {
      const query = new URLSearchParams({ ...filter, limit: String(Math.min(PAGE, most - values.length)) });
      if (cursor !== undefined) query.set('cursor', cursor);
      const page = await this.get(`repositories?${query.toString()}`, repositoriesShape);
      values.push(...page.values);
      cursor = page.next ?? undefined;
      if (cursor === undefined || values.length >= most) return { values, total: page.total };
    }
  }

  sync(id: string): Promise<void> {
    return this.send(`repositories/${encodeURIComponent(id)}/sync`, { method: 'POST' });
  }

  /** Lets every node look it through, or clone it anew; its `verification` tells how that goes. */
  repair(id: string, how: 'verify' | 'reclone'): Promise<void> {
    return this.send(`repositories/${encodeURIComponent(id)}/${how}`, { method: 'POST' });
  }

  /** What is not named stays as it is. @returns all of it */
  async setPolicy(projectKey: string, policy: PolicyChange): Promise<Policy> {
    const init = { method: 'PUT', body: JSON.stringify(policy) };
    return this.read(await this.ask(`projects/${encodeURIComponent(projectKey)}/policy`, init), policyShape);
  }

  async webhooks(): Promise<Webhook[]> {
    return (await this.get('webhooks', webhooksShape)).values;
  }

  async addWebhook(webhook: {
    url: string;
    secret: string;
    events: readonly string[];
    active: boolean;
  }): Promise<Webhook> {
    const init = { method: 'POST', body: JSON.stringify(webhook) };
    return this.read(await this.ask('webhooks', init), webhookShape);
  }

  removeWebhook(id: string): Promise<void> {
    return this.send(`webhooks/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  async pingWebhook(id: string): Promise<Ping> {
    const path = `webhooks/${encodeURIComponent(id)}/ping`;
    return this.read(await this.ask(path, { method: 'POST' }), pingShape);
  }

  async mirrors(): Promise<KnownMirror[]> {
    return (await this.get('mirrors', mirrorsShape)).values;
  }

  private async send(path: string, init: RequestInit): Promise<void> {
    const response = await this.ask(path, init);
    if (!response.ok) throw await this.refusal(response);
  }

  private async get<Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.infer<Shape>> {
    return this.read(await this.ask(path), shape);
  }

  private async ask(path: string, init: RequestInit = {}, answerMs = ANSWER_MS): Promise<Response> {
    const { url, token } = this.mirror;
    const timeout = AbortSignal.timeout(answerMs);
    try {
      return await fetch(`${url}/-/api/v1/${path}`, {
        ...init,
        // The token must not follow to wherever somebody sends us.
        redirect: 'manual',
        headers: {
          accept: 'application/json',
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        signal: this.stop ? AbortSignal.any([this.stop, timeout]) : timeout,
      });
    } catch (error) {
      this.stop?.throwIfAborted();
      throw stoppedShort(
        'service_unavailable',
        `The mirror at ${url} does not answer (${whyNoAnswer(error, answerMs)}). Is it running, and is that its address? ` +
          '`antipode doctor` looks closer.',
        {},
        error,
      );
    }
  }

  private async read<Shape extends z.ZodType>(response: Response, shape: Shape): Promise<z.infer<Shape>> {
    if (!response.ok) throw await this.refusal(response);
    const result = shape.safeParse(asJson(await response.text().catch(() => '')));
    if (result.success) return result.data;
    throw stoppedShort(
      'internal',
      `What ${new URL(response.url).origin} answers is not what this command understands: another version of Antipode, ` +
        'or no Antipode at all.',
      { problems: result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) },
    );
  }

  /** A failure that the mirror tells, as one sentence with the next step. */
  private async refusal(response: Response): Promise<Error> {
    const { url } = this.mirror;
    const text = await response.text().catch(() => '');
    const problem = problemShape.safeParse(asJson(text)).data ?? {};
    if (response.status === 401) return this.wrongToken();
    if (response.status >= 300 && response.status < 400) return elsewhere(url, response);
    const said = sentence([problem.detail ?? problem.title, ...(problem.problems ?? [])]);
    if (said === '' && response.status === 404)
      return stoppedShort('service_unavailable', `There is no Antipode mirror at ${url}.`);
    return stoppedShort(
      codeOf(problem.code, response.status),
      said || `The mirror at ${url} answered with status ${response.status}.`,
      // Tells a request that is wrong in itself from what the mirror found out by asking.
      problem.problems === undefined ? {} : { problems: problem.problems },
    );
  }

  private wrongToken(): Error {
    const { url, tokenFrom } = this.mirror;
    const what = tokenFrom
      ? `The mirror at ${url} does not take the token from ${tokenFrom}.`
      : `The mirror at ${url} wants a token, and none is given.`;
    return stoppedShort(
      'unauthenticated',
      `${what} It is the ADMIN_TOKEN of the mirror's registry (a house of \`antipode up\` keeps it in ` +
        'secrets/admin-token of its data folder); name a file that holds it with --token-file (`connect`: --admin-token-file).',
    );
  }
}

const elsewhere = (url: string, response: Response): Error =>
  stoppedShort(
    'service_unavailable',
    `${url} sends us elsewhere (${response.headers.get('location') ?? 'it does not say where'}). Name the address that answers itself with --url.`,
  );

/** Unknown codes of a newer mirror are what their status says. */
function codeOf(code: string | undefined, status: number): Code {
  if (isCode(code)) return code;
  if (status === 403) return 'denied';
  if (status === 404) return 'not_found';
  if (status === 409) return 'conflict';
  return status >= 500 ? 'service_unavailable' : 'invalid';
}

/** "fetch failed" says nothing; what is underneath does. */
function whyNoAnswer(error: unknown, answerMs: number): string {
  const { name, cause } = error as { name?: unknown; cause?: NodeJS.ErrnoException };
  if (name === 'TimeoutError') return `nothing within ${answerMs / 1000} s`;
  return cause?.code ?? cause?.message ?? String(error);
}

const sentence = (parts: readonly (string | undefined)[]): string => parts.filter(Boolean).join(' ');

/** Names and messages in it come from people and from the primary: nothing in them may steer our terminal. */
function asJson(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown) => (typeof value === 'string' ? printable(value) : value));
  } catch {
    return undefined;
  }
}
