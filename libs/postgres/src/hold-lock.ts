import type { Pool, PoolClient } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 250;

export interface HoldLock {
  /** One for all services that share the database; see their `LOCKS`. */
  readonly key: number | bigint;
  /** How long to wait for another instance; 0: do nothing if somebody has it. */
  readonly waitMs: number;
  /** Ends the waiting, and aborts the work. */
  readonly signal: AbortSignal;
}

/**
 * Runs `work` while holding an advisory lock of Postgres; gives undefined where another instance held it all the time.
 *
 * The lock belongs to a connection: an instance that dies, or loses the database, cannot keep it. If that happens
 * during `work`, `signal` is aborted, because another instance may be doing the same by now.
 */
export async function holdLock<T>(
  pool: Pool,
  lock: HoldLock,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const client = await pool.connect();
  const lost = new AbortController();
  const onError = (error: Error): void => lost.abort(error);
  client.on('error', onError);
  try {
    if (!(await acquire(client, lock))) return undefined;
    return await work(AbortSignal.any([lost.signal, lock.signal]));
  } finally {
    const released = await client.query('SELECT pg_advisory_unlock($1)', [lock.key]).then(
      () => true,
      () => false,
    );
    client.off('error', onError);
    // A connection whose lock we could not give back must not return to the pool.
    client.release(!released);
  }
}

async function acquire(client: PoolClient, { key, waitMs, signal }: HoldLock): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [key]);
    if (rows[0]?.held) return true;
    if (Date.now() >= deadline || signal.aborted) return false;
    await sleep(RETRY_MS);
  }
}
