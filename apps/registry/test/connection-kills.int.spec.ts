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
import { ADMIN_TOKEN, freshDatabase, query, type Json } from './open-registry.js';

const MAIN = join(CHECKOUT, 'apps/registry/dist/main.js');
const WEB = 4;
/** Held by the test; whoever wants it stands still. */
const FREEZE = 4242;

describe('a registry that is killed', () => {
  let postgres: RunningPostgres;
  let redis: RunningRedis;
  let sim: RunningSim;
  let databaseUrl: string;
  let child: Child;
  let url: string;
  let holder: pg.Client;

  beforeAll(async () => {
    [postgres, redis, sim] = await Promise.all([startPostgres(), startRedis(), startSim()]);
    await sim.control.settings({ allowInternalHookUrls: true });
    databaseUrl = await freshDatabase(postgres);
    url = `http://127.0.0.1:${await freePort()}`;
    holder = new pg.Client({ connectionString: databaseUrl, options: '-c search_path=registry' });
    await holder.connect();
    await start();
  }, 180_000);

  afterAll(async () => {
    await child?.end();
    await holder?.end();
    await Promise.all([postgres, redis, sim].map((one) => one?.[Symbol.asyncDispose]()));
  });

  const ask = async (method: string, path: string, body?: Json): Promise<Json> => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' };
    const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
    return (await fetch(`${url}/-/api/v1${path}`, init)).json();
  };
  const show = (): Promise<Json> => ask('GET', '/connection');
  const until = (state: string): Promise<unknown> => eventually(async () => (await show()).state === state);
  const count = async (): Promise<number> => (await ask('GET', '/repositories')).total;
  const rows = (): Promise<Json[]> => query(databaseUrl, 'SELECT id FROM repository');
  const connect = (): Promise<Json> =>
    ask('PUT', '/connection', { workspace: 'acme', token: sim.state.mirrorToken });
  const hooks = async (): Promise<number> => (await sim.control.state()).hooks.length;

  async function start(): Promise<void> {
    child = new Child(process.execPath, [MAIN], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: databaseUrl,
        REDIS_URL: redis.url,
        GRPC_LISTEN: '127.0.0.1:0',
        HTTP_PORT: new URL(url).port,
        OPS_PORT: '0',
        ADMIN_TOKEN,
        SECRET_KEY: 'ab'.repeat(32),
        SWEEP_SECONDS: '3600',
        LOG_LEVEL: 'warn',
        PRIMARY_KIND: 'bitbucket-cloud',
        PRIMARY_GIT_URL: sim.url,
        PRIMARY_API_URL: sim.api,
        PUBLIC_URL: 'http://127.0.0.1:1',
      },
    });
    await eventually(
      async () => {
        if (child.ended) throw new Error(child.output);
        return (await fetch(`${url}/-/api/v1/openapi.json`)).ok;
      },
      { timeoutMs: 30_000, everyMs: 50 },
    );
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
    await start();
    await eventually(async () => (await rows()).length === 0);
    expect(await show()).toMatchObject({ state: 'unconnected', keptData: null });
    const [wiped] = await query(databaseUrl, 'SELECT credential, hook_secret, workspace FROM connection');
    expect(wiped).toEqual({ credential: null, hook_secret: null, workspace: null });
  });
});
