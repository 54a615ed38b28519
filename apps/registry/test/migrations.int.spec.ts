import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaPg } from '@prisma/adapter-pg';
import { startPostgres, type RunningPostgres } from '@antipode/testing';
import { migrate, NO_FILTERS } from '../src/database/migrate.js';
import { openSchemaEngine } from '../src/database/schema-engine.js';
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
    const databaseUrl = await freshDatabase(postgres);
    await migrate(databaseUrl);
    expect(await missingSql(databaseUrl)).toBe('-- This is an empty migration.\n');
  });
});

/** The SQL that leads from the migrated database to the schema. */
async function missingSql(databaseUrl: string): Promise<string> {
  const adapter = new PrismaPg({ connectionString: databaseUrl }, { schema: 'registry' });
  const engine = await openSchemaEngine(adapter);
  const files = [{ path: 'schema.prisma', content: await readFile(SCHEMA_FILE, 'utf8') }];
  try {
    const { stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', configDir: '.', files },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      shadowDatabaseUrl: null,
      filters: NO_FILTERS,
    } as never);
    return stdout ?? '';
  } finally {
    engine.free();
  }
}
