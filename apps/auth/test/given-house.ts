import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import {
  openScratch,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { Browser } from './browser.js';
import { startFakeRegistry } from './fake-registry.js';
import { startLosingProxy, type LosingProxy } from './losing-proxy.js';
import { openAuth, type OpenAuth } from './open-auth.js';

export const PUBLIC_URL = 'http://mirror.example:7990';

/** A primary with people and keys, PostgreSQL, Redis and a registry: everything that auth has around it. */
export interface GivenHouse extends AsyncDisposable {
  readonly sim: RunningSim;
  readonly postgres: RunningPostgres;
  readonly redis: RunningRedis;
  readonly registry: { readonly address: string; readonly watchers: readonly string[] };
  /** The way to the primary's OAuth. */
  readonly way: LosingProxy;
  /** Verdicts, limits: forgotten. */
  forget(): Promise<void>;
  freshDatabase(): Promise<string>;
  /** An instance with a database of its own, unless it is named. */
  open(env?: Readonly<Record<string, string>>): Promise<OpenAuth & { readonly databaseUrl: string }>;
  person(role: string): RunningSim['state']['users'][number];
  /** Links somebody's account by the pages, as they would. */
  link(auth: OpenAuth, role: string): Promise<Browser>;
}

export async function givenHouse(): Promise<GivenHouse> {
  const [sim, postgres, redis, scratch] = await Promise.all([
    startSim(),
    startPostgres(),
    startRedis(),
    openScratch(),
  ]);
  const registry = await startFakeRegistry(sim.state);
  const way = await startLosingProxy(sim.url);
  const secretFile = scratch.file('oauth-secret');
  await writeFile(secretFile, sim.state.oauth.secret);
  await sim.control.changeConsumer({ callbackUrl: `${PUBLIC_URL}/-/link/callback` });
  const look = new Redis(redis.url);
  look.on('error', () => undefined);
  const freshDatabase = async (): Promise<string> => {
    const name = `auth_${randomBytes(6).toString('hex')}`;
    await query(postgres.url, `CREATE DATABASE ${name}`);
    return postgres.url.replace(/[^/]+$/, name);
  };
  const open: GivenHouse['open'] = async (env = {}) => {
    const databaseUrl = env['DATABASE_URL'] ?? (await freshDatabase());
    const auth = await openAuth({
      PRIMARY_GIT_URL: sim.url,
      PRIMARY_API_URL: sim.api,
      PRIMARY_WORKSPACE: sim.state.workspace,
      PRIMARY_OAUTH_URL: sim.state.oauth.url.replace(sim.url, way.url),
      PRIMARY_OAUTH_KEY: sim.state.oauth.key,
      PRIMARY_OAUTH_SECRET_FILE: secretFile,
      REGISTRY_GRPC: registry.address,
      REDIS_URL: redis.url,
      DATABASE_URL: databaseUrl,
      PUBLIC_URL,
      // Pages and keys are read in numbers here; their limits have tests of their own.
      LINK_PAGE_LIMIT: '10000',
      ...env,
    });
    return Object.assign(auth, { databaseUrl });
  };
  const person: GivenHouse['person'] = (role) => {
    const user = sim.state.users.find((one) => one.role === role);
    if (!user) throw new Error(`the sample has no ${role}`);
    return user;
  };
  return {
    sim,
    postgres,
    redis,
    registry,
    way,
    freshDatabase,
    open,
    person,
    forget: async () => void (await look.flushall()),
    link: async (auth, role) => {
      const browser = new Browser(auth.web);
      await browser.open('/-/link');
      const { location } = await browser.submit('/-/link');
      const back = await sim.control.authorizeAs(person(role).username, location ?? '');
      const { status, text } = await browser.open(new URL(back).pathname + new URL(back).search);
      if (status !== 303) throw new Error(`linking ended with ${status}: ${text}`);
      return browser;
    },
    [Symbol.asyncDispose]: async () => {
      look.disconnect();
      await Promise.all(
        [sim, postgres, redis, registry, scratch, way].map((one: AsyncDisposable) =>
          one[Symbol.asyncDispose](),
        ),
      );
    },
  };
}

export async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, options: '-c search_path=auth' });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
