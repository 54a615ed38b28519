import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';
import { PrismaClient } from '../generated/prisma/client.js';
import { SCHEMA, schemaOptions } from './names.js';

/** Longest wait for a connection: with PostgreSQL away, callers hear of it soon. */
const CONNECT_TIMEOUT_MS = 3000;

/** The pool of connections to PostgreSQL, with Prisma on top. It reconnects by itself. */
@Injectable()
export class Database implements OnApplicationShutdown {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;

  constructor(@Inject(CONFIG) config: RegistryConfig, @Inject(LOGGER) logger: Logger) {
    this.pool = new pg.Pool({
      connectionString: config.DATABASE_URL,
      max: config.DATABASE_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'antipode-registry',
      ...schemaOptions,
    });
    // An idle connection that breaks (a restart of PostgreSQL) must not end the process.
    this.pool.on('error', (error) => logger.warn({ err: error }, 'lost a connection to the database'));
    this.prisma = new PrismaClient({ adapter: new PrismaPg(this.pool, { schema: SCHEMA }) });
  }

  /** For `/readyz`. */
  async check(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  async onApplicationShutdown(): Promise<void> {
    await this.prisma.$disconnect();
    await this.pool.end();
  }
}
