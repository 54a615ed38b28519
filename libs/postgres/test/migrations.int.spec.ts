import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { migrate, NO_FILTERS, openSchemaEngine } from '@antipode/postgres';
import { CHECKOUT, startPostgres, type RunningPostgres } from '@antipode/testing';

let postgres: RunningPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);

afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
});

// Every service with tables of its own; each in the schema of its own name.
describe.each(['auth', 'lfs', 'registry'])('the migrations of %s', (service) => {
  const folder = join(CHECKOUT, 'apps', service, 'prisma');
  const run = (url: string): Promise<string[]> =>
    migrate({ url, schema: service, migrations: join(folder, 'migrations'), lock: 1 });

  it('are applied once, also when three instances start at the same time', async () => {
    const url = await freshDatabase();
    const applied = await Promise.all([run(url), run(url), run(url)]);
    const entries = await readdir(join(folder, 'migrations'), { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(applied.flat()).toEqual(names.sort());
    const rows = await query(url, service, 'SELECT count(*)::int AS count FROM _prisma_migrations');
    expect(rows).toEqual([{ count: names.length }]);
    expect(await run(url)).toEqual([]);
  });

  it('make what the Prisma schema says', async () => {
    const [migrated, wanted] = [await freshDatabase(), await freshDatabase()];
    await run(migrated);
    await query(wanted, service, `CREATE SCHEMA ${service}`);
    await query(wanted, service, await schemaSql(wanted, service, join(folder, 'schema.prisma')));
    const shape = await shapeOf(wanted, service);
    expect(shape.length).toBeGreaterThan(20);
    expect(await shapeOf(migrated, service)).toEqual(shape);
  });
});

async function freshDatabase(): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(postgres.url, 'public', `CREATE DATABASE ${name}`);
  return postgres.url.replace(/[^/]+$/, name);
}

async function query<Row extends object>(url: string, schema: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The SQL that makes the whole of a schema.prisma. */
async function schemaSql(url: string, schema: string, file: string): Promise<string> {
  const pool = new pg.Pool({ connectionString: url });
  const engine = await openSchemaEngine(new PrismaPg(pool, { schema }));
  const files = [{ path: 'schema.prisma', content: await readFile(file, 'utf8') }];
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
async function shapeOf(url: string, schema: string): Promise<string[]> {
  const rows = await query<{ line: string }>(
    url,
    schema,
    `SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) AS line
       FROM information_schema.columns WHERE table_schema = '${schema}' AND table_name <> '_prisma_migrations'
     UNION SELECT indexdef FROM pg_indexes WHERE schemaname = '${schema}' AND tablename <> '_prisma_migrations'
     UNION SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'
     ORDER BY 1`,
  );
  return rows.map(({ line }) => line);
}
