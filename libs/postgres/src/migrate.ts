import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import type { MigrationDirectory } from '@prisma/schema-engine-wasm';
import { openSchemaEngine } from './schema-engine.js';
import { schemaOptions } from './schema-options.js';

export interface Migrate {
  readonly url: string;
  /** The service's own schema; made where it is missing. */
  readonly schema: string;
  /** The folder of Prisma's migrations. */
  readonly migrations: string;
  /** Key of the advisory lock behind which instances wait for each other. */
  readonly lock: number;
}

/** Nothing in our migrations is "externally managed". */
export const NO_FILTERS = { externalTables: [], externalEnums: [] };

/**
 * Brings the schema up to date, and returns the names of the migrations that this took.
 *
 * Instances that start together wait for each other here, so that each migration is applied once.
 */
export async function migrate(options: Migrate): Promise<string[]> {
  const { url, schema, lock } = options;
  const guard = new pg.Client({ connectionString: url });
  // A lost connection fails the query that runs; without a listener it would end the process.
  guard.on('error', () => undefined);
  await guard.connect();
  try {
    await guard.query('SELECT pg_advisory_lock($1)', [lock]);
    await guard.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    return await applyAll(options);
  } finally {
    // Ending the session lets go of the lock.
    await guard.end();
  }
}

async function applyAll({ url, schema, migrations }: Migrate): Promise<string[]> {
  // Ours, to be ended at once: the engine leaves its session open, and with it a lock that the next instance waits for.
  const pool = new pg.Pool({ connectionString: url, ...schemaOptions(schema) });
  const engine = await openSchemaEngine(new PrismaPg(pool, { schema }));
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: await readMigrations(migrations),
      filters: NO_FILTERS,
    });
    return appliedMigrationNames;
  } finally {
    engine.free();
    await pool.end();
  }
}

async function readMigrations(folder: string): Promise<{
  baseDir: string;
  lockfile: { path: string; content: string | null };
  shadowDbInitScript: string;
  migrationDirectories: MigrationDirectory[];
}> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const migrationDirectories = await Promise.all(names.sort().map((name) => readMigration(folder, name)));
  const lockfile = {
    path: 'migration_lock.toml',
    content: await readFile(join(folder, 'migration_lock.toml'), 'utf8'),
  };
  return { baseDir: folder, lockfile, shadowDbInitScript: '', migrationDirectories };
}

async function readMigration(folder: string, name: string): Promise<MigrationDirectory> {
  const value = await readFile(join(folder, name, 'migration.sql'), 'utf8');
  return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } };
}
