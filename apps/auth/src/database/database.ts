import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { holdLock, Migration, openPool } from '@antipode/postgres';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type AuthConfig } from '../config.js';
import { PrismaClient } from '../generated/prisma/client.js';
import { LOCKS, SCHEMA } from './names.js';

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
/** A lock is held over a question to the primary: others wait for a connection longer than for a query. */
const LOCK_CONNECTION_WAIT_MS = 15_000;

interface Open {
  readonly pool: pg.Pool;
  readonly locks: pg.Pool;
  readonly prisma: PrismaClient;
  readonly migration: Migration;
}

/**
 * PostgreSQL, which this service has for what it knows about keys and linked accounts. It starts and answers for
 * credentials without it; whoever needs it hears `service_unavailable` meanwhile.
 */
@Injectable()
export class Database implements OnApplicationBootstrap, OnApplicationShutdown {
  /** False where no DATABASE_URL is set: then nobody links an account, and no key is known. */
  readonly isConfigured: boolean;
  private readonly open: Open | undefined;
  private readonly closing = new AbortController();

  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    health: HealthChecks,
  ) {
    this.open = config.DATABASE_URL === undefined ? undefined : this.openPools(config.DATABASE_URL);
    this.isConfigured = this.open !== undefined;
    // Reported, not required: credentials over HTTP are judged without it.
    if (this.open) health.observe('database', () => this.check());
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.open?.migration.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing.abort();
    this.open?.migration.close();
    await this.open?.prisma.$disconnect();
    await Promise.all([this.open?.pool.end(), this.open?.locks.end()]);
  }

  /**
   * Runs `work` on the tables.
   *
   * @param doing what it is for, as in an AntipodeError
   * @throws AntipodeError `not_connected` without a database, `service_unavailable` where it cannot be used now; and
   *   what `work` throws by itself.
   */
  async run<T>(doing: string, work: (prisma: PrismaClient) => Promise<T>): Promise<T> {
    const { prisma } = this.usable(doing);
    try {
      return await work(prisma);
    } catch (error) {
      if (isAntipodeError(error)) throw error;
      throw new AntipodeError('service_unavailable', doing, {}, { cause: error, hint: AWAY });
    }
  }

  /**
   * Runs `work` while no other instance does the same for the same `name`; undefined where another one held the lock
   * all the time.
   *
   * @throws AntipodeError like `run`.
   */
  async alone<T>(
    name: string,
    waitMs: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const doing = 'waiting for a turn';
    const { locks } = this.usable(doing);
    try {
      return await holdLock(locks, { key: lockKey(name), waitMs, signal: this.closing.signal }, work);
    } catch (error) {
      if (isAntipodeError(error)) throw error;
      throw new AntipodeError('service_unavailable', doing, {}, { cause: error, hint: AWAY });
    }
  }

  private usable(doing: string): Open {
    if (!this.open)
      throw new AntipodeError('not_connected', doing, {}, { hint: 'This mirror has no database for keys.' });
    if (!this.open.migration.isDone)
      throw new AntipodeError('service_unavailable', doing, {}, { hint: AWAY });
    return this.open;
  }

  private async check(): Promise<void> {
    await this.open?.pool.query('SELECT 1');
    if (!this.open?.migration.isDone) throw new Error('not migrated yet');
  }

  private openPools(url: string): Open {
    const onLost = (error: Error): void =>
      this.logger.warn({ err: error }, 'lost a connection to the database');
    const connections = Math.ceil(this.config.DATABASE_CONNECTIONS / 2);
    const shared = { url, schema: SCHEMA, connections, onLost };
    const pool = openPool({ ...shared, name: 'antipode-auth' });
    // Their own, so that those who hold a lock can always go on to what they hold it for.
    const locks = openPool({ ...shared, name: 'antipode-auth-locks', waitMs: LOCK_CONNECTION_WAIT_MS });
    const adapter = new PrismaPg(pool, { schema: SCHEMA });
    // Minimal: an error must not print what was to be written.
    const migration = new Migration({
      url,
      schema: SCHEMA,
      migrations: MIGRATIONS,
      lock: LOCKS.migrations,
      onFailure: (error) =>
        this.logger.warn({ err: error }, 'the database cannot be used yet; keys are not known meanwhile'),
    });
    return { pool, locks, migration, prisma: new PrismaClient({ adapter, errorFormat: 'minimal' }) };
  }
}

const AWAY = 'The mirror cannot look up keys and linked accounts at the moment. Please try again soon.';

/** 63 bits of a hash: far from the small numbers of `LOCKS`, and from each other. */
const lockKey = (name: string): bigint =>
  createHash('sha256').update(`auth\0${name}`).digest().readBigUInt64BE(0) >> 1n;
