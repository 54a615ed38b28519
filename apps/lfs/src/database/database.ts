import { fileURLToPath } from 'node:url';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { Migration, openPool } from '@antipode/postgres';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import type { LfsConfig } from '../config.js';
import { PrismaClient, type Prisma } from '../generated/prisma/client.js';
import { LFS_CONFIG } from '../tokens.js';
import { LOCKS, SCHEMA } from './names.js';

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
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
  private readonly migration: Migration;

  constructor(
    @Inject(LFS_CONFIG) config: LfsConfig,
    @Inject(LOGGER) logger: Logger,
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
    this.migration = new Migration({
      url: config.DATABASE_URL,
      schema: SCHEMA,
      migrations: MIGRATIONS,
      lock: LOCKS.migrations,
      // Prisma loads its query compiler with the first query, which shall not be somebody's.
      afterwards: () => this.prisma.$queryRaw`SELECT 1`,
      onFailure: (error) =>
        logger.warn(
          { err: error },
          'the database cannot be used yet; objects are asked of the primary meanwhile',
        ),
    });
    // Reported, not required: bytes are handed out without it.
    health.observe('database', () => this.check());
  }

  onApplicationBootstrap(): Promise<void> {
    return this.migration.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.migration.close();
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
    if (!this.migration.isDone) throw new AntipodeError('service_unavailable', doing, {}, { hint: AWAY });
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
    if (!this.migration.isDone) throw new Error('not migrated yet');
  }
}

const AWAY = 'The mirror cannot look up large files at the moment. Please try again soon.';
