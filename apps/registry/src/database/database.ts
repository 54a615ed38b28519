import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { openPool } from '@antipode/postgres';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';
import { PrismaClient } from '../generated/prisma/client.js';
import { SCHEMA } from './names.js';

/** The pool of connections to PostgreSQL, with Prisma on top. It reconnects by itself. */
@Injectable()
export class Database implements OnApplicationShutdown {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;

  constructor(@Inject(CONFIG) config: RegistryConfig, @Inject(LOGGER) logger: Logger) {
    this.pool = openPool({
      url: config.DATABASE_URL,
      schema: SCHEMA,
      name: 'antipode-registry',
      connections: config.DATABASE_CONNECTIONS,
      onLost: (error) => logger.warn({ err: error }, 'lost a connection to the database'),
    });
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
