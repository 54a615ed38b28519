import { Injectable } from '@nestjs/common';
import type { Code } from '@antipode/errors';
import { Database } from '../database/database.js';
import type { Connection } from '../generated/prisma/client.js';
import type { Transaction } from '../repositories/repositories.store.js';
import type { ConnectionPhase } from './connection-phase.js';

export interface Failure {
  readonly code: Code;
  readonly message: string;
}

/** The one row, with its words as the types that they are. */
export type ConnectionRow = Omit<Connection, 'phase' | 'managedBy'> & {
  readonly phase: ConnectionPhase;
  /** Null while there is no connection. */
  readonly managedBy: 'settings' | 'api' | null;
};

export type ConnectionUpdate = Partial<Omit<ConnectionRow, 'id'>>;

/** What the mirror remembers of its tie to the primary; one row. */
@Injectable()
export class ConnectionStore {
  constructor(private readonly database: Database) {}

  async read(transaction: Transaction = this.database.prisma): Promise<ConnectionRow> {
    // Only `update` writes here.
    return (await transaction.connection.findUniqueOrThrow({ where: { id: 1 } })) as ConnectionRow;
  }

  /** Like `read`; nobody else changes the row before the transaction ends. */
  async lock(transaction: Transaction): Promise<ConnectionRow> {
    await transaction.$queryRaw`SELECT id FROM connection WHERE id = 1 FOR UPDATE`;
    return this.read(transaction);
  }

  async update(data: ConnectionUpdate, transaction: Transaction = this.database.prisma): Promise<void> {
    await transaction.connection.update({ where: { id: 1 }, data });
  }

  /** Runs a transaction that changes the row and nothing that watchers are told of. */
  change<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.database.prisma.$transaction(work, { maxWait: 5000, timeout: 30_000 });
  }
}
