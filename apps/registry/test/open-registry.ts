import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Module, type Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import pg from 'pg';
import { registry } from '@antipode/contracts';
import { connectProducer, JobQueues, type JobName, type RepositoryJob } from '@antipode/queues';
import { callUnary, openClient } from '@antipode/rpc';
import { createLogger, HealthChecks, LOGGER } from '@antipode/service-kit';
import {
  eventually,
  openScratch,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { readConfig } from '../src/config.js';
import { Contract } from './contract.js';
import { createApplication } from '../src/create-application.js';
import { RegistryModule } from '../src/registry.module.js';
import { RegistryRpc } from '../src/rpc/registry.rpc.js';

export const ADMIN_TOKEN = 'the-admin-token-of-the-tests';

/** Whatever came; a test says what it expects. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Neighbours {
  readonly postgres: RunningPostgres;
  readonly redis: RunningRedis;
  readonly sim?: RunningSim;
}

export interface OpenRegistry {
  readonly neighbours: Neighbours;
  /** Shared by instances of one mirror; a new one where absent. */
  readonly databaseUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One instance of the registry, in this process, with real neighbours. */
export class Registry implements AsyncDisposable {
  private described: Promise<Contract> | undefined;

  private constructor(
    readonly app: NestExpressApplication,
    readonly url: string,
    readonly client: registry.RegistryServiceClient,
    readonly databaseUrl: string,
    private readonly scratch: AsyncDisposable,
  ) {}

  static async open({ neighbours, databaseUrl, env = {} }: OpenRegistry): Promise<Registry> {
    const scratch = await openScratch();
    const database = databaseUrl ?? (await freshDatabase(neighbours.postgres));
    const config = readConfig({
      DATABASE_URL: database,
      REDIS_URL: neighbours.redis.url,
      GRPC_LISTEN: '127.0.0.1:0',
      HTTP_PORT: '0',
      ADMIN_TOKEN,
      SECRET_KEY: 'ab'.repeat(32),
      // Sweeps come when the test asks, unless it says otherwise.
      SWEEP_SECONDS: '3600',
      // A test asks more in a second than people in an hour.
      REST_ANONYMOUS_LIMIT: '100000',
      REST_VIEWER_LIMIT: '100000',
      REST_FAILURE_LIMIT: '100000',
      ...(neighbours.sim
        ? await simSettings(neighbours.sim, scratch.file('token'))
        : { PRIMARY_KIND: 'git-http', PRIMARY_GIT_URL: 'http://127.0.0.1:1' }),
      ...env,
    });
    const logger = createLogger({
      service: 'registry',
      node: 'test',
      level: process.env['TEST_LOG'] ?? 'fatal',
    });
    const app = await createApplication(withKit(RegistryModule.with(config), logger) as never, quiet, config);
    const client = openClient(registry.RegistryServiceClient, `127.0.0.1:${app.get(RegistryRpc).port}`);
    const address = app.getHttpServer().address() as { port: number };
    return new Registry(app, `http://127.0.0.1:${address.port}`, client, database, scratch);
  }

  /** Asks the REST API as whoever has this token; the answer must be as the document has it, whatever it is. */
  ask<Body = Json>(
    method: string,
    path: string,
    body?: unknown,
    token = ADMIN_TOKEN,
  ): Promise<{ status: number; body: Body; type: string | null }> {
    return this.askWith(method, path, { body, headers: { authorization: `Bearer ${token}` } });
  }

  /** The same with headers of the test's own, and those of the answer. */
  async askWith<Body = Json>(
    method: string,
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<{ status: number; body: Body; type: string | null; headers: Headers }> {
    const stop = new AbortController();
    const response = await fetch(`${this.url}/-/api/v1${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: stop.signal,
    });
    const type = response.headers.get('content-type');
    const isStream = type?.startsWith('text/event-stream') ?? false;
    const text = isStream ? '' : await response.text();
    if (isStream) stop.abort();
    const answer = {
      status: response.status,
      body: (isStream ? text : text ? JSON.parse(text) : undefined) as Body,
      type,
      headers: response.headers,
    };
    // A mistake of ours, or a neighbour that a test took away, is described nowhere.
    if (answer.status !== 500) (await this.contract()).check(method, path, answer);
    return answer;
  }

  /** The document that it serves. */
  async contract(): Promise<Contract> {
    this.described ??= fetch(`${this.url}/-/api/v1/openapi.json`)
      .then((response) => response.json())
      .then((document) => new Contract(document));
    return this.described;
  }

  async select(...projectKeys: string[]): Promise<void> {
    const { status } = await this.ask(
      'PUT',
      '/selection',
      projectKeys[0] === '*' ? { mode: 'all' } : { mode: 'selected', projectKeys, allowNarrowing: true },
    );
    if (status !== 200) throw new Error(`selecting answered ${status}`);
  }

  /** Paths of the listed repositories. */
  async paths(): Promise<string[]> {
    const { body } = await this.ask('GET', '/repositories?limit=200');
    return body.values.map(({ path }: { path: string }) => path);
  }

  async untilPaths(paths: readonly string[]): Promise<void> {
    await eventually(async () => JSON.stringify(await this.paths()) === JSON.stringify([...paths].sort()));
  }

  watch(node = 'local'): Watched {
    return new Watched(this.client.watchRepositories({ node }));
  }

  report(node: string, ...reports: Partial<registry.SyncReport>[]): Promise<registry.ReportSyncResponse> {
    const full = reports.map((report) =>
      registry.SyncReport.fromPartial({ reportedAtMs: Date.now(), ...report }),
    );
    return callUnary(this.client, 'reportSync', { node, reports: full }, { timeoutMs: 5000 });
  }

  reportLfs(node: string, ...reports: Partial<registry.LfsReport>[]): Promise<registry.ReportLfsResponse> {
    const full = reports.map((report) =>
      registry.LfsReport.fromPartial({ reportedAtMs: Date.now(), ...report }),
    );
    return callUnary(this.client, 'reportLfs', { node, reports: full }, { timeoutMs: 5000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.app.close();
    await this.scratch[Symbol.asyncDispose]();
  }
}

/** What a watcher has heard, as the table that it would have. */
export class Watched implements Disposable {
  readonly byId = new Map<string, registry.Repository>();
  /** What was told of the connection, in order. */
  readonly connections: registry.ConnectionNews[] = [];
  isComplete = false;
  isLost = false;

  constructor(private readonly stream: ReturnType<registry.RegistryServiceClient['watchRepositories']>) {
    stream.on('data', ({ event }: registry.WatchRepositoriesResponse) => this.take(event));
    stream.on('error', () => (this.isLost = true));
    stream.on('end', () => (this.isLost = true));
  }

  get paths(): string[] {
    return [...this.byId.values()].map(({ path }) => path).sort();
  }

  async until(paths: readonly string[]): Promise<void> {
    await eventually(
      () => this.isComplete && JSON.stringify(this.paths) === JSON.stringify([...paths].sort()),
    );
  }

  [Symbol.dispose](): void {
    this.stream.cancel();
  }

  private take(event: registry.WatchRepositoriesResponse['event']): void {
    if (event?.$case === 'upserted') this.byId.set(event.value.id, event.value);
    if (event?.$case === 'removed') this.byId.delete(event.value);
    if (event?.$case === 'connection') this.connections.push(event.value);
    if (event?.$case === 'complete') this.isComplete = true;
  }
}

/** The syncs that wait for a node. */
export const queuedSyncs = (redis: RunningRedis, node: string): Promise<RepositoryJob[]> =>
  queued(redis, 'mirror.sync', node);

/** Jobs of the pool in which jobs of that name are. */
export async function queued(
  { url }: RunningRedis,
  name: JobName,
  node: string,
): Promise<(RepositoryJob & { name: string })[]> {
  const redis = connectProducer(url, () => undefined);
  const queues = new JobQueues(redis, () => undefined);
  try {
    const jobs = await queues.queue(name, node).getJobs(['waiting', 'delayed', 'active']);
    return jobs.map((job) => ({ ...(job.data as RepositoryJob), name: job.name }));
  } finally {
    await queues.close();
    redis.disconnect();
  }
}

export async function freshDatabase({ url }: RunningPostgres): Promise<string> {
  const name = `registry_${randomBytes(6).toString('hex')}`;
  await query(url, `CREATE DATABASE ${name}`);
  return url.replace(/\/[^/]*$/, `/${name}`);
}

export async function query<Row = Json>(url: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, options: '-c search_path=registry' });
  await client.connect();
  try {
    return (await client.query(sql, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

async function simSettings(sim: RunningSim, tokenFile: string): Promise<Record<string, string>> {
  await writeFile(tokenFile, sim.state.mirrorToken);
  return {
    PRIMARY_KIND: 'bitbucket-cloud',
    PRIMARY_GIT_URL: sim.url,
    PRIMARY_API_URL: sim.api,
    PRIMARY_WORKSPACE: sim.state.workspace,
    PRIMARY_TOKEN_FILE: tokenFile,
  };
}

const quiet = Object.fromEntries(
  ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'].map((name) => [name, () => undefined]),
) as never;

function withKit(module: unknown, logger: unknown): unknown {
  class Kit {}
  class Root {}
  Module({})(Kit as Type);
  Module({})(Root as Type);
  const provided = [
    { provide: LOGGER, useValue: logger },
    { provide: HealthChecks, useValue: new HealthChecks() },
  ];
  return {
    module: Root,
    imports: [{ module: Kit, global: true, providers: provided, exports: provided }, module],
  };
}
