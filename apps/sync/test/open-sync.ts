import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { sync } from '@antipode/contracts';
import { MirrorDisk } from '@antipode/mirror-disk';
import { connectProducer, connectWorker, JobQueues, type JobName } from '@antipode/queues';
import { callUnary, openClient } from '@antipode/rpc';
import {
  Child,
  eventually,
  freePort,
  git,
  makeHistory,
  openScratch,
  startGitHttpBackend,
  startRedis,
  type GitHttpBackend,
  type HistoryShape,
  type RunningRedis,
  type Scratch,
} from '@antipode/testing';
import { FakeRegistry } from './fake-registry.js';

const ROOT = join(import.meta.dirname, '../../..');
const SMALL: HistoryShape = { commits: 30, branches: 4, tags: 4 };

/** A sync process with real neighbours: git http-backend as the primary, Redis, and a registry to talk to. */
export class SyncHouse implements AsyncDisposable {
  readonly registry = new FakeRegistry();
  readonly disk: MirrorDisk;
  private child: Child | undefined;
  private port = 0;
  private client: sync.SyncServiceClient | undefined;

  private constructor(
    readonly scratch: Scratch,
    readonly primary: GitHttpBackend,
    readonly redis: RunningRedis,
    private readonly settings: Record<string, string>,
  ) {
    this.disk = new MirrorDisk(join(scratch.path, 'data/repositories'));
  }

  static async open(settings: Record<string, string> = {}): Promise<SyncHouse> {
    const scratch = await openScratch();
    const house: SyncHouse = new SyncHouse(
      scratch,
      await startGitHttpBackend({
        root: join(scratch.path, 'primary'),
        admits: (_, path) => house.admits(path),
      }),
      await startRedis(),
      settings,
    );
    await house.registry.start();
    await house.start();
    return house;
  }

  /** Whether the primary lets this mirror in. */
  admits: (path: string) => boolean = () => true;

  static idOf(name: string): string {
    const hex = createHash('sha256').update(name).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
  }

  /** The repository on the primary's disk. */
  upstream(name: string): string {
    return join(this.scratch.path, 'primary', `${name}.git`);
  }

  async givenRepository(name: string, shape: HistoryShape = SMALL): Promise<string> {
    await makeHistory(this.upstream(name), shape);
    return SyncHouse.idOf(name);
  }

  async select(name: string): Promise<string> {
    const id = SyncHouse.idOf(name);
    this.registry.select(id, name);
    await eventually(() => this.disk.statMirror(id), { timeoutMs: 20_000 });
    return id;
  }

  /** A commit on the primary, without a work tree. */
  async commit(name: string, branch = 'main', text = `${Math.random()}`): Promise<string> {
    const cwd = this.upstream(name);
    const parent = await git(['rev-parse', '--verify', '--quiet', branch], { cwd }).catch(() => '');
    const tree = await git(['mktree'], { cwd, input: '' });
    const oid = await git(['commit-tree', tree, '-m', text, ...(parent ? ['-p', parent] : [])], { cwd });
    await git(['update-ref', `refs/heads/${branch}`, oid], { cwd });
    return oid;
  }

  async ensureFresh(id: string, notBeforeMs = 0, timeoutMs = 20_000): Promise<sync.EnsureFreshResponse> {
    this.client ??= openClient(sync.SyncServiceClient, `127.0.0.1:${this.port}`);
    return callUnary(this.client, 'ensureFresh', { repositoryId: id, notBeforeMs }, { timeoutMs });
  }

  /** Puts a job into this node's queue, as the registry would. */
  async request(name: JobName, id: string): Promise<void> {
    const redis = connectProducer(this.redis.url, () => undefined);
    const queues = new JobQueues(redis, () => undefined);
    try {
      await queues.request(name, { node: 'test', repositoryId: id, reason: 'admin' });
    } finally {
      await queues.close();
      redis.disconnect();
    }
  }

  /** What a killed worker had in hand is free at once, and not only when its claim has run out. */
  async forgetClaims(): Promise<void> {
    const redis = connectWorker(this.redis.url, () => undefined);
    try {
      await redis.del(...(await redis.keys('bull:*:lock')));
    } finally {
      redis.disconnect();
    }
  }

  /** What this life of the service has said so far. */
  get output(): string {
    return this.child?.output ?? '';
  }

  /** How often the primary was asked for refs. */
  get questions(): number {
    return this.primary.requests.filter(({ path }) => path.includes('git-upload-pack')).length;
  }

  async start(): Promise<void> {
    this.port = await freePort();
    this.client = undefined;
    const script = [join(import.meta.dirname, 'from-sources.mjs'), join(ROOT, 'apps/sync/src/main.ts')];
    const child = new Child(process.execPath, ['--import', ...script], {
      env: { PATH: process.env['PATH'], ...this.environment() },
    });
    this.child = child;
    await eventually(() => child.output.includes('"msg":"ready"') || child.ended, { timeoutMs: 60_000 });
    if (child.ended) throw new Error(`sync did not start:\n${child.output}`);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    await this.child?.end(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
    await this.registry[Symbol.asyncDispose]();
    await this.primary[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
    await this.scratch[Symbol.asyncDispose]();
  }

  private environment(): Record<string, string> {
    return {
      ANTIPODE_NODE: 'test',
      ANTIPODE_DATA: join(this.scratch.path, 'data'),
      GRPC_LISTEN: `127.0.0.1:${this.port}`,
      REGISTRY_GRPC: this.registry.address,
      REDIS_URL: this.redis.url,
      PRIMARY_KIND: 'git-http',
      PRIMARY_GIT_URL: this.primary.url,
      SHUTDOWN_SECONDS: '5',
      LOG_LEVEL: 'info',
      ...this.settings,
    };
  }
}
