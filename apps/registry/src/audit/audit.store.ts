import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { AuditEntry, Prisma } from '../generated/prisma/client.js';
import type { Transaction } from '../repositories/repositories.store.js';
import type { Initiator } from './initiator.js';

/** What can be in the log; a fact each. */
export type AuditAction =
  | 'selection.changed'
  | 'project.policy_changed'
  | 'removals.confirmed'
  | 'repository.verify_requested'
  | 'repository.reclone_requested'
  | 'webhook.added'
  | 'webhook.removed'
  | 'connection.connecting'
  | 'connection.connected'
  | 'connection.suspended'
  | 'connection.disconnecting'
  | 'connection.disconnected'
  | 'connection.data_deleted';

/** Plain data without secrets. */
type Told = Readonly<Record<string, unknown>> | null;

export interface Change {
  readonly action: AuditAction;
  readonly by: Initiator;
  readonly subject?: string;
  readonly before: Told;
  readonly after: Told;
}

export interface AuditQuestion {
  readonly before?: bigint | undefined;
  readonly workspace?: string | undefined;
  readonly limit: number;
}

/** Who changed what, when and from where. */
@Injectable()
export class AuditStore {
  constructor(private readonly database: Database) {}

  /** In the transaction of the change itself: none without the other. */
  async add(transaction: Transaction, { action, by, subject, before, after }: Change): Promise<void> {
    const where = { id: 1 };
    const { workspace } = await transaction.connection.findUniqueOrThrow({
      where,
      select: { workspace: true },
    });
    await transaction.auditEntry.create({
      data: {
        action,
        workspace,
        actor: by.actor,
        address: by.address ?? null,
        subject: subject ?? null,
        ...(before === null ? {} : { before: before as Prisma.InputJsonObject }),
        ...(after === null ? {} : { after: after as Prisma.InputJsonObject }),
      },
    });
  }

  /**
   * The newest first.
   *
   * @param question.before an entry's id: only what is older
   * @param question.workspace only what was done while its data was here
   */
  list({ before, workspace, limit }: AuditQuestion): Promise<AuditEntry[]> {
    return this.database.prisma.auditEntry.findMany({
      where: {
        ...(before === undefined ? {} : { id: { lt: before } }),
        ...(workspace === undefined ? {} : { workspace }),
      },
      orderBy: { id: 'desc' },
      take: limit,
    });
  }
}
