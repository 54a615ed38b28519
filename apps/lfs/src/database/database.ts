import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { migrate, openPool } from '@antipode/postgres';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import type { LfsConfig } from '../config.js';
import { PrismaClient, type Prisma } from '../generated/prisma/client.js';
import { LFS_CONFIG } from '../tokens.js';
import { LOCKS, SCHEMA } from './names.js';

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const RETRY_MS = 2000;
const START_WAIT_MS = 15_000;
/** Thousands of rows are written at once. */
const TRANSACTION = { maxWait: 5000, timeout: 30_000 };

/**
 * PostgreSQL, where everything that is known of objects is. The service starts and hands out what it has been given
 * tickets for without it; whoever needs it hears `service_unavailable` meanwhile.
 */
@Injectable()
export class Database implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly pool: pg.Pool;
  private readonly prisma: PrismaClient;
  private readonly closing = new AbortController();
  private migrated = false;

  constructor(
    @Inject(LFS_CONFIG) private readonly config: LfsConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(HealthChecks) health: HealthChecks,
  ) {
    this.pool = openPool({
      url: config.DATABASE_URL,
      schema: SCHEMA,
      name: 'antipode-lfs',
      connections: config.DATABASE_CONNECTIONS,
      onLost: (error) => logger.warn({ err: error }, 'lost a connection to the database'),
    });
    // Minimal: an error must not print what was to be written.
    this.prisma = new PrismaClient({
      adapter: new PrismaPg(this.pool, { schema: SCHEMA }),
      errorFormat: 'minimal',
    });
    // Reported, not required: bytes are handed out without it.
    health.observe('database', () => this.check());
  }

  async onApplicationBootstrap(): Promise<void> {
    const first = this.tryMigrate().then((done) => (done ? undefined : void this.keepTrying()));
    const timer = new AbortController();
    const enough = sleep(START_WAIT_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([first, enough]);
    timer.abort();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing.abort();
    await this.prisma.$disconnect();
    await this.pool.end();
  }

  /**
   * Runs `work` on the tables.
   *
   * @param doing what it is for, as in an AntipodeError
   * @throws AntipodeError `service_unavailable` where the database cannot be used now; and what `work` throws by itself.
   */
  async run<T>(doing: string, work: (prisma: PrismaClient) => Promise<T>): Promise<T> {
    if (!this.migrated) throw new AntipodeError('service_unavailable', doing, {}, { hint: AWAY });
    try {
      return await work(this.prisma);
    } catch (error) {
      if (isAntipodeError(error)) throw error;
      throw new AntipodeError('service_unavailable', doing, {}, { cause: error, hint: AWAY });
    }
  }

  /** Like `run`: all of it, or nothing. */
  transaction<T>(doing: string, work: (transaction: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.run(doing, (prisma) => prisma.$transaction(work, TRANSACTION));
  }

  private async check(): Promise<void> {
    await this.pool.query('SELECT 1');
    if (!this.migrated) throw new Error('not migrated yet');
  }

  private async tryMigrate(): Promise<boolean> {
    try {
      const { DATABASE_URL: url } = this.config;
      await migrate({ url, schema: SCHEMA, migrations: MIGRATIONS, lock: LOCKS.migrations });
      // Prisma loads its query compiler with the first query, which shall not be somebody's.
      await this.prisma.$queryRaw`SELECT 1`;
      this.migrated = true;
    } catch (error) {
      this.logger.warn(
        { err: error },
        'the database cannot be used yet; objects are asked of the primary meanwhile',
      );
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

const AWAY = 'The mirror cannot look up large files at the moment. Please try again soon.';
