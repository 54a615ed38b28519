import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { startPostgres, type RunningPostgres } from '@antipode/testing';
import { NO_FILTERS, openSchemaEngine } from '@antipode/postgres';
import { migrateRegistry as migrate } from '../src/database/migrate-registry.js';
import { freshDatabase, query } from './open-registry.js';

const SCHEMA_FILE = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url));

describe('the migrations', () => {
  let postgres: RunningPostgres;

  beforeAll(async () => {
    postgres = await startPostgres();
  }, 120_000);

  afterAll(async () => {
    await postgres?.[Symbol.asyncDispose]();
  });

  it('are applied once, also when three instances start at the same time', async () => {
    const databaseUrl = await freshDatabase(postgres);
    const applied = await Promise.all([migrate(databaseUrl), migrate(databaseUrl), migrate(databaseUrl)]);
    expect(applied.flat()).toEqual(['20260101000000_tables']);
    const rows = await query(databaseUrl, 'SELECT count(*)::int AS count FROM _prisma_migrations');
    expect(rows).toEqual([{ count: 1 }]);
    expect(await migrate(databaseUrl)).toEqual([]);
  });

  it('make what the Prisma schema says', async () => {
    const [migrated, wanted] = [await freshDatabase(postgres), await freshDatabase(postgres)];
    await migrate(migrated);
    await query(wanted, await schemaSql(wanted));
    const shape = await shapeOf(wanted);
    expect(shape.length).toBeGreaterThan(40);
    expect(await shapeOf(migrated)).toEqual(shape);
  });
});

/** The SQL that makes the whole of schema.prisma. */
async function schemaSql(databaseUrl: string): Promise<string> {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  const engine = await openSchemaEngine(new PrismaPg(pool, { schema: 'registry' }));
  const files = [{ path: 'schema.prisma', content: await readFile(SCHEMA_FILE, 'utf8') }];
  try {
    const { stdout } = await engine.diff({
      from: { tag: 'empty' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters: NO_FILTERS,
    } as never);
    return stdout ?? '';
  } finally {
    engine.free();
    await pool.end();
  }
}

/** Columns, indexes and foreign keys, in words that can be compared. */
async function shapeOf(databaseUrl: string): Promise<string[]> {
  const rows = await query<{ line: string }>(
    databaseUrl,
    `SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) AS line
       FROM information_schema.columns WHERE table_schema = 'registry' AND table_name <> '_prisma_migrations'
     UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'registry' AND tablename <> '_prisma_migrations'
     UNION SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'
     ORDER BY 1`,
  );
  return rows.map(({ line }) => line);
}
