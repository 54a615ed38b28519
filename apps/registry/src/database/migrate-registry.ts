import { fileURLToPath } from 'node:url';
import { migrate } from '@antipode/postgres';
import { LOCKS, SCHEMA } from './names.js';

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** Brings the registry's schema up to date; returns the names of the migrations that this took. */
export const migrateRegistry = (url: string): Promise<string[]> =>
  migrate({ url, schema: SCHEMA, migrations: MIGRATIONS, lock: LOCKS.migrations });
