import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import {
  CHECKOUT,
  Child,
  eventually,
  freePort,
  startPostgres,
  startRedis,
  startSim,
  type RunningPostgres,
  type RunningRedis,
  type RunningSim,
} from '@antipode/testing';
import { csrfToken, newBrowser } from '@antipode/web-pages';
import { FakeAuth } from './fake-auth.js';
import { ADMIN_TOKEN, freshDatabase, query, type Json } from './open-registry.js';

const DIST = join(CHECKOUT, 'apps/registry/dist');
/** Most of a start is loading: the next process does that while the one before is still at work, and waits for its turn. */
const STANDBY = `
  process.once('SIGUSR2', () => import('${DIST}/main.js'));
  setInterval(() => undefined, 60_000).unref();
  process.stdin.resume();
  await import('${DIST}/registry.module.js');
  console.log('loaded');`;
const WEB = 4;
const OLIVIA = '00000000-0000-4000-8000-000000000001';
const BROWSER = newBrowser();
const SECRET_KEY = 'ab'.repeat(32);
/** Held by the test; whoever wants it stands still. */
const FREEZE = 4242;

describe('a registry that is killed', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;
  let auth: FakeAuth;
  let databaseUrl: string;
  let child: Child;
  let next: Child | undefined;
  let url: string;
  let holder: pg.Client;

  beforeAll(async () => {
    [postgres, redis, sim, auth] = await Promise.all([
      startPostgres(),
      startRedis(),
      startSim(),
      FakeAuth.open(),
    ]);
    await sim.control.settings({ allowInternalHookUrls: true });
    auth.people = [
      { id: OLIVIA, displayName: 'Olivia', roles: { acme: 'administrator' }, proofs: [BROWSER] },
    ];
    auth.tokens.set(OLIVIA, sim.state.mirrorToken);
    databaseUrl = await freshDatabase(postgres);
    url = `http://127.0.0.1:${await freePort()}`;
    holder = new pg.Client({ connectionString: databaseUrl, options: '-c search_path=registry' });
    await holder.connect();
    await start();
  }, 180_000);

  afterAll(async () => {
    await Promise.all([child?.end('SIGKILL'), next?.end('SIGKILL')]);
    await holder?.end();
    await Promise.all([postgres, redis, sim, auth].map((one) => one?.[Symbol.asyncDispose]()));
  });

  const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const session = { cookie: `antipode=${BROWSER}`, 'x-antipode-csrf': csrfToken(SECRET_KEY, BROWSER) };
  const ask = async (
    method: string,
    path: string,
    body?: Json,
    who: Readonly<Record<string, string>> = bearer,
  ): Promise<Json> => {
    const headers = { ...who, 'content-type': 'application/json' };
    const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
    return (await fetch(`${url}/-/api/v1${path}`, init)).json();
  };
  const show = (): Promise<Json> => ask('GET', '/connection');
  const until = (state: string): Promise<unknown> => eventually(async () => (await show()).state === state);
  const count = async (): Promise<number> => (await ask('GET', '/repositories')).total;
  const rows = (): Promise<Json[]> => query(databaseUrl, 'SELECT id FROM repository');
  const connect = (): Promise<Json> => ask('POST', '/connection/account', { workspace: 'acme' }, session);
  const hooks = async (): Promise<number> => (await sim.control.state()).hooks.length;

  function standBy(): Child {
    return new Child(process.execPath, ['--input-type=module', '--eval', STANDBY], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: databaseUrl,
        REDIS_URL: redis.url,
        GRPC_LISTEN: '127.0.0.1:0',
        HTTP_PORT: new URL(url).port,
        OPS_PORT: '0',
        ADMIN_TOKEN,
        SECRET_KEY,
        AUTH_GRPC: auth.address,
        CONNECT_WORKSPACES: 'acme',
        SWEEP_SECONDS: '3600',
        LOG_LEVEL: 'warn',
        PRIMARY_KIND: 'bitbucket-cloud',
        PRIMARY_GIT_URL: sim.url,
        PRIMARY_API_URL: sim.api,
        PUBLIC_URL: 'http://127.0.0.1:1',
      },
    });
  }

  /** @param more whether there will be another start after this one */
  async function start(more: 'more' | 'last' = 'more'): Promise<void> {
    child = next ?? standBy();
    await eventually(() => child.output.includes('loaded') || failed(), { timeoutMs: 30_000, everyMs: 20 });
    process.kill(child.pid as number, 'SIGUSR2');
    next = more === 'more' ? standBy() : undefined;
    await eventually(async () => failed() || (await fetch(`${url}/-/api/v1/openapi.json`)).ok, {
      timeoutMs: 30_000,
      everyMs: 20,
    });
  }

  function failed(): false {
    if (child.ended) throw new Error(child.output);
    return false;
  }

  /** Kills the process when it is about to write the row of the connection so, and starts another. */
  async function killedWhen(condition: string, work: () => Promise<unknown>): Promise<void> {
    await holder.query(`
      CREATE OR REPLACE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(${FREEZE}); RETURN NEW; END $$;
      CREATE TRIGGER stand_still BEFORE UPDATE ON connection FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION stand_still();
      SELECT pg_advisory_lock(${FREEZE})`);
    work().catch(() => undefined);
    await eventually(
      async () => {
        const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${FREEZE} AND NOT granted`;
        return (await holder.query(waiting)).rows.length > 0;
      },
      { timeoutMs: 20_000, everyMs: 20 },
    );
    await child.end('SIGKILL');
    // PostgreSQL would finish what it was told, for nobody.
    await holder.query(`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'antipode-registry%';
      SELECT pg_advisory_unlock(${FREEZE}); DROP TRIGGER stand_still ON connection`);
  }

  const entering = (from: string, to: string): string => `OLD.phase = '${from}' AND NEW.phase = '${to}'`;

  it('while it connects is connected after the next start, with one webhook', async () => {
    await killedWhen(entering('connecting', 'connected'), connect);
    await killedWhen('OLD.hook_primary_id IS NULL AND NEW.hook_primary_id IS NOT NULL', start);
    expect(await hooks()).toBe(1);
    await start();
    await until('connected');
    expect(await show()).toMatchObject({ account: { id: OLIVIA, displayName: 'Olivia' } });
    await eventually(async () => (await show()).webhook.state === 'active');
    expect(await hooks()).toBe(1);
    await ask('PUT', '/selection', { mode: 'selected', projectKeys: ['WEB'] });
    await eventually(async () => (await count()) === WEB);
  });

  it('while it disconnects goes on after the next start, until everything is withdrawn and deleted', async () => {
    await sim.control.faults({ down: 'unavailable' });
    expect(await ask('DELETE', '/connection?now=true')).toMatchObject({ state: 'disconnecting' });
    expect(await count()).toBe(0);
    await child.end('SIGKILL');
    await sim.control.heal();
    expect(await hooks()).toBe(1);

    await killedWhen(entering('disconnecting', 'unconnected'), start);
    expect(await hooks()).toBe(0);
    const [left] = await query(databaseUrl, 'SELECT credential IS NOT NULL AS sealed FROM connection');
    expect(left).toEqual({ sealed: true });
    await start('last');
    await eventually(async () => (await rows()).length === 0);
    expect(await show()).toMatchObject({ state: 'unconnected', keptData: null });
    const [wiped] = await query(databaseUrl, 'SELECT credential, hook_secret, workspace FROM connection');
    expect(wiped).toEqual({ credential: null, hook_secret: null, workspace: null });
  });

  it('before it has written down that it connects has not begun to', async () => {
    await killedWhen(entering('unconnected', 'connecting'), connect);
    const [row] = await query(databaseUrl, 'SELECT phase, credential, workspace FROM connection');
    expect(row).toEqual({ phase: 'unconnected', credential: null, workspace: null });
    expect(await hooks()).toBe(0);
  });
});
