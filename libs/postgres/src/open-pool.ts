import pg from 'pg';
import { schemaOptions } from './schema-options.js';

/** Longest wait for a connection: with PostgreSQL away, callers hear of it soon. */
const CONNECT_TIMEOUT_MS = 3000;

export interface OpenPool {
  readonly url: string;
  readonly schema: string;
  /** How PostgreSQL's own views name these connections, such as "antipode-registry". */
  readonly name: string;
  readonly connections: number;
  readonly waitMs?: number;
  /** An idle connection broke (a restart of PostgreSQL); the pool makes a new one when it needs it. */
  readonly onLost: (error: Error) => void;
}

/** A pool of connections to PostgreSQL in one service's schema. It reconnects by itself. */
export function openPool({ url, schema, name, connections, waitMs, onLost }: OpenPool): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: waitMs ?? CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: name,
    ...schemaOptions(schema),
  });
  // Without a listener a lost connection would end the process.
  pool.on('error', onLost);
  return pool;
}
