import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { portsFrom } from '../house/ports.js';
import { logOf } from '../house/logs.js';
import type { LocalHouse } from '../mirror/local-house.js';
import { databaseUrl } from '../parts/postgres.js';
import { pingRedis, redisUrl } from '../parts/redis.js';
import { fail, ok, reasonOf, type Finding } from './finding.js';

/** The Redis of a running house, by its own password. */
export async function checkRedis({ dataFolder, record }: LocalHouse): Promise<Finding> {
  const { redis: port } = portsFrom(record.portBase);
  const password = await secret(dataFolder, 'redis-password');
  return pingRedis(redisUrl({ dataFolder, port, password })).then(
    () => ok('Redis', `answers on port ${port}`),
    (error: unknown) =>
      fail(
        'Redis',
        `no answer on port ${port} (${reasonOf(error)})`,
        `Its log: ${logOf(dataFolder, 'redis')}`,
      ),
  );
}

/** The PostgreSQL of a running house, by its own password. */
export async function checkPostgres({ dataFolder, record }: LocalHouse): Promise<Finding> {
  const { postgres: port } = portsFrom(record.portBase);
  const password = await secret(dataFolder, 'postgres-password');
  const client = new pg.Client({
    connectionString: databaseUrl({ dataFolder, port, password }),
    connectionTimeoutMillis: 3000,
    // One that takes connections and says nothing (stopped) must not keep the doctor waiting.
    query_timeout: 3000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return ok('PostgreSQL', `${rows[0]?.server_version ?? ''} answers on port ${port}`);
  } catch (error) {
    const seen = `no answer on port ${port} (${reasonOf(error)})`;
    return fail('PostgreSQL', seen, `Its log: ${logOf(dataFolder, 'postgres')}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const secret = (dataFolder: string, name: string): Promise<string> =>
  readFile(join(dataFolder, 'secrets', name), 'utf8').then(
    (text) => text.trim(),
    () => '',
  );

/** Of a mirror elsewhere, by its own word. */
export const reportedStores = (checks: Readonly<Record<string, string>>): Finding[] =>
  Object.entries(checks).map(([name, state]) =>
    state === 'ok'
      ? ok(TITLES[name] ?? name, 'ok, says the mirror')
      : fail(
          TITLES[name] ?? name,
          `${state}, says the mirror`,
          "Look at it where the mirror runs; the registry's /readyz and log say more.",
        ),
  );

const TITLES: Record<string, string> = { database: 'PostgreSQL', redis: 'Redis' };
