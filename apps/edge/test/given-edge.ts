import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createLogger, HealthChecks, LOGGER } from '@antipode/service-kit';
import { eventually, startGitHttpBackend, type GitCredential, type GitHttpBackend } from '@antipode/testing';
import { readConfig } from '../src/config.js';
import { edgeModule, type OpenTable, TABLE } from '../src/edge.module.js';
import { HttpDoor } from '../src/http/http-door.js';
import { SshDoor } from '../src/ssh/ssh-door.js';
import { FakeNeighbours } from './fake-neighbours.js';
import { GivenMirrors } from './given-mirrors.js';

export const READER: GitCredential = { username: 'reader', password: 'reads' };
/** May push as well. */
export const WRITER: GitCredential = { username: 'writer', password: 'writes' };
/** Of every edge in this test. */
export const SECRET_KEY = randomBytes(32).toString('hex');
export const STRANGER: GitCredential = { username: 'stranger', password: 'wanders' };

export interface GivenEdgeOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** Paths that anybody may read. */
  readonly public?: readonly string[];
  /** Puts something in front of the primary's git, by its address; returns the address that the edge is to know. */
  readonly before?: (primaryUrl: string) => Promise<string>;
}

/** An edge with real neighbours on real sockets, a real primary (git http-backend) and real repositories on disk. */
export class GivenEdge implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly url: string,
    readonly primary: GitHttpBackend,
    readonly neighbours: FakeNeighbours,
    readonly mirrors: GivenMirrors,
    readonly app: INestApplicationContext,
    readonly logs: Record<string, unknown>[],
  ) {}

  static async open(options: GivenEdgeOptions = {}): Promise<GivenEdge> {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-edge-'));
    const origin = join(folder, 'primary');
    await mkdir(origin);
    const primary = await startGitHttpBackend({
      root: origin,
      admits: admit(options.public ?? []),
      knows: ({ username, password }) => passwords.get(username) === password,
    });
    const mirrors = new GivenMirrors({ data: join(folder, 'data'), origin, public: options.public ?? [] });
    const settings = {
      PRIMARY_GIT_URL: (await options.before?.(primary.url)) ?? primary.url,
      ...options.settings,
    };
    const neighbours = await FakeNeighbours.open({ primaryUrl: primary.url, mirrors, settings });
    const logs: Record<string, unknown>[] = [];
    const app = await startEdge(folder, { neighbours, settings, logs });
    const url = `http://127.0.0.1:${app.get(HttpDoor).port}`;
    return new GivenEdge(folder, url, primary, neighbours, mirrors, app, logs);
  }

  /** Makes a repository on the primary, selects it, and waits until the edge knows. */
  async add(...given: Parameters<GivenMirrors['add']>): Promise<string> {
    const id = await this.mirrors.add(...given);
    const { table } = this.app.get<OpenTable>(TABLE);
    await eventually(() => table.get(id));
    return id;
  }

  repositoryUrl(path = 'acme/widget'): string {
    return `${this.url}/${path}.git`;
  }

  get sshPort(): number {
    return this.app.get(SshDoor).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await this.neighbours.close();
    await this.primary[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

export const basic = ({ username, password }: GitCredential): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** What the primary says to whoever may read and not push. */
export const NOT_YOURS = 'You may read this repository, but pushing to it is not for you.';
const passwords = new Map([READER, WRITER, STRANGER].map(({ username, password }) => [username, password]));

const admit =
  (open: readonly string[]) =>
  (who: GitCredential | undefined, path: string, right: 'read' | 'write'): boolean | string => {
    const isKnown = who !== undefined && passwords.get(who.username) === who.password;
    if (isKnown && who.username === WRITER.username) return true;
    const mayRead =
      open.some((name) => path.startsWith(`/${name}.git/`)) || (isKnown && who.username === READER.username);
    if (right === 'read' || !mayRead || !isKnown) return right === 'read' && mayRead;
    return NOT_YOURS;
  };

async function startEdge(
  folder: string,
  around: {
    neighbours: FakeNeighbours;
    settings: Readonly<Record<string, string>>;
    logs: Record<string, unknown>[];
  },
): Promise<INestApplicationContext> {
  const { neighbours, settings, logs } = around;
  const config = readConfig({
    ANTIPODE_DATA: join(folder, 'data'),
    HTTP_PORT: '0',
    SSH_PORT: '0',
    AUTH_GRPC: neighbours.address,
    REGISTRY_GRPC: neighbours.address,
    SYNC_GRPC: neighbours.address,
    LFS_GRPC: neighbours.address,
    SECRET_KEY,
    SHUTDOWN_SECONDS: '1',
    // A test machine may be busy with other things; tests of slowness make their own.
    FRESH_WAIT_MS: '30000',
    ...settings,
  });
  const logger = createLogger({ service: 'edge', node: 'test', level: 'silent' });
  const keep = (line: unknown): void => void logs.push(line as Record<string, unknown>);
  Object.assign(logger, { info: keep, warn: keep });
  const provided = [
    { provide: LOGGER, useValue: logger },
    { provide: HealthChecks, useValue: new HealthChecks() },
  ];
  class Kit {}
  class Root {}
  Module({})(Kit);
  Module({})(Root);
  const root: DynamicModule = {
    module: Root,
    imports: [{ module: Kit, global: true, providers: provided, exports: provided }, edgeModule(config)],
  };
  return NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
}
