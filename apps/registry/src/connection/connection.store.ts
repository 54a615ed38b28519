import { Injectable } from '@nestjs/common';
import type { Code } from '@antipode/errors';
import { Database } from '../database/database.js';
import type { Connection } from '../generated/prisma/client.js';
import type { Transaction } from '../repositories/repositories.store.js';

export interface Failure {
  readonly code: Code;
  readonly message: string;
}

/** What the mirror remembers of its tie to the primary; one row. */
@Injectable()
export class ConnectionStore {
  constructor(private readonly database: Database) {}

  read(): Promise<Connection> {
    return this.database.prisma.connection.findUniqueOrThrow({ where: { id: 1 } });
  }

  async update(
    data: Partial<Omit<Connection, 'id'>>,
    transaction: Transaction = this.database.prisma,
  ): Promise<void> {
    await transaction.connection.update({ where: { id: 1 }, data });
  }

  /** Remembers how the primary answered just now. */
  async answered(failure: Failure | undefined): Promise<void> {
    await this.update({
      checkedAt: new Date(),
      errorCode: failure?.code ?? null,
      error: failure?.message ?? null,
    });
  }
}
