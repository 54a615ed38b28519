import { randomBytes } from 'node:crypto';
import pg from 'pg';
import {
  openScratch,
  startPostgres,
  startSim,
  type LargeFile,
  type RunningPostgres,
  type RunningSim,
} from '@antipode/testing';
import { FakeRegistry } from './fake-registry.js';
import { openLfs, type LfsObject, type OpenLfs } from './open-lfs.js';

/** A primary with large files, PostgreSQL and a registry: everything that lfs has around it. */
export interface GivenPrimary extends AsyncDisposable {
  readonly sim: RunningSim;
  readonly postgres: RunningPostgres;
  readonly registry: FakeRegistry;
  /** Settings of one instance with a database and a folder of its own, unless they are named. */
  settings(env?: Readonly<Record<string, string>>): Promise<Record<string, string>>;
  open(env?: Readonly<Record<string, string>>): Promise<OpenLfs & { readonly env: Record<string, string> }>;
  /** Objects that the primary has for a repository. */
  put(path: string, ...files: LargeFile[]): Promise<LfsObject[]>;
  /** Somebody's header. */
  as(role: string): string;
}

export async function givenPrimary(): Promise<GivenPrimary> {
  const [sim, postgres, scratch] = await Promise.all([startSim(), startPostgres(), openScratch()]);
  const registry = new FakeRegistry(sim.state);
  await registry.listen();
  const settings: GivenPrimary['settings'] = async (env = {}) => ({
    PRIMARY_GIT_URL: sim.url,
    PRIMARY_API_URL: sim.api,
    PRIMARY_WORKSPACE: sim.state.workspace,
    REGISTRY_GRPC: registry.address,
    DATABASE_URL: env['DATABASE_URL'] ?? (await freshDatabase(postgres)),
    ANTIPODE_DATA: scratch.file(),
    PUBLIC_URL: 'http://mirror.example:7990',
    LFS_KEEP_FREE_MIB: '0',
    ...env,
  });
  return {
    sim,
    postgres,
    registry,
    settings,
    open: async (env) => {
      const all = await settings(env);
      const lfs = await openLfs(all, (path) => registry.idOf(path));
      return Object.assign(lfs, { env: all });
    },
    put: (path, ...files) => Promise.all(files.map((file) => sim.control.lfs.put(path, file))),
    as: (role) => {
      const user = sim.state.users.find((one) => one.role === role);
      if (!user) throw new Error(`the sample has no ${role}`);
      return `Basic ${Buffer.from(`${user.username}:${user.apiToken}`).toString('base64')}`;
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of [registry, sim, postgres, scratch]) await one[Symbol.asyncDispose]();
    },
  };
}

async function freshDatabase(postgres: RunningPostgres): Promise<string> {
  const name = `lfs_${randomBytes(6).toString('hex')}`;
  await query(postgres.url, `CREATE DATABASE ${name}`);
  return postgres.url.replace(/[^/]+$/, name);
}

export async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, options: '-c search_path=lfs' });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
