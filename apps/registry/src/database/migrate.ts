import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import type { MigrationDirectory } from '@prisma/schema-engine-wasm';
import { LOCKS, SCHEMA, schemaOptions } from './names.js';
import { openSchemaEngine } from './schema-engine.js';

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** Nothing in our migrations is "externally managed". */
export const NO_FILTERS = { externalTables: [], externalEnums: [] };

/**
 * Brings the schema up to date, and returns the names of the migrations that this took.
 *
 * Instances that start together wait for each other here, so that each migration is applied once.
 */
export async function migrate(url: string): Promise<string[]> {
  const guard = new pg.Client({ connectionString: url });
  // A lost connection fails the query that runs; without a listener it would end the process.
  guard.on('error', () => undefined);
  await guard.connect();
  try {
    await guard.query('SELECT pg_advisory_lock($1)', [LOCKS.migrations]);
    await guard.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    return await applyAll(url);
  } finally {
    // Ending the session lets go of the lock.
    await guard.end();
  }
}

async function applyAll(url: string): Promise<string[]> {
  // Ours, to be ended at once: the engine leaves its session open, and with it a lock that the next instance waits for.
  const pool = new pg.Pool({ connectionString: url, ...schemaOptions });
  const engine = await openSchemaEngine(new PrismaPg(pool, { schema: SCHEMA }));
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: await readMigrations(),
      filters: NO_FILTERS,
    });
    return appliedMigrationNames;
  } finally {
    engine.free();
    await pool.end();
  }
}

async function readMigrations(): Promise<{
  baseDir: string;
  lockfile: { path: string; content: string | null };
  shadowDbInitScript: string;
  migrationDirectories: MigrationDirectory[];
}> {
  const entries = await readdir(MIGRATIONS, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const migrationDirectories = await Promise.all(names.sort().map(readMigration));
  const lockfile = {
    path: 'migration_lock.toml',
    content: await readFile(join(MIGRATIONS, 'migration_lock.toml'), 'utf8'),
  };
  return { baseDir: MIGRATIONS, lockfile, shadowDbInitScript: '', migrationDirectories };
}

async function readMigration(name: string): Promise<MigrationDirectory> {
  const value = await readFile(join(MIGRATIONS, name, 'migration.sql'), 'utf8');
  return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } };
}
