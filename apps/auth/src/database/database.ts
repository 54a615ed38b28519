import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { holdLock, migrate, openPool } from '@antipode/postgres';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type AuthConfig } from '../config.js';
import { PrismaClient } from '../generated/prisma/client.js';
import { LOCKS, SCHEMA } from './names.js';

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const RETRY_MS = 2000;
const START_WAIT_MS = 15_000;
/** A lock is held over a question to the primary: others wait for a connection longer than for a query. */
const LOCK_CONNECTION_WAIT_MS = 15_000;

interface Open {
  readonly pool: pg.Pool;
  readonly locks: pg.Pool;
  readonly prisma: PrismaClient;
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
  private migrated = false;

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
    if (!this.open) return;
    const first = this.tryMigrate().then((done) => (done ? undefined : void this.keepTrying()));
    // A database that answers is ready before we are; one that does not must not keep credentials from being judged.
    const timer = new AbortController();
    const enough = sleep(START_WAIT_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([first, enough]);
    timer.abort();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing.abort();
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
    if (!this.migrated) throw new AntipodeError('service_unavailable', doing, {}, { hint: AWAY });
    return this.open;
  }

  private async check(): Promise<void> {
    await this.open?.pool.query('SELECT 1');
    if (!this.migrated) throw new Error('not migrated yet');
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
    return { pool, locks, prisma: new PrismaClient({ adapter, errorFormat: 'minimal' }) };
  }

  private async tryMigrate(): Promise<boolean> {
    try {
      // Only called where there is one.
      const url = this.config.DATABASE_URL as string;
      await migrate({ url, schema: SCHEMA, migrations: MIGRATIONS, lock: LOCKS.migrations });
      this.migrated = true;
    } catch (error) {
      this.logger.warn({ err: error }, 'the database cannot be used yet; keys are not known meanwhile');
    }
    return this.migrated;
  }

  private async keepTrying(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || (await this.tryMigrate())) return;
    }
  }
}

const AWAY = 'The mirror cannot look up keys and linked accounts at the moment. Please try again soon.';

/** 63 bits of a hash: far from the small numbers of `LOCKS`, and from each other. */
const lockKey = (name: string): bigint =>
  createHash('sha256').update(`auth\0${name}`).digest().readBigUInt64BE(0) >> 1n;
