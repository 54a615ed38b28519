import { Injectable } from '@nestjs/common';
import { AuditStore } from '../audit/audit.store.js';
import type { Initiator } from '../audit/initiator.js';
import { RepositoriesStore, type Transaction } from '../repositories/repositories.store.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { ConnectionStore, type ConnectionUpdate } from './connection.store.js';

/** What a connection leaves in its row, as if it had never been. */
export const FORGOTTEN: ConnectionUpdate = {
  managedBy: null,
  credential: null,
  scopes: [],
  refusedSince: null,
  checkedAt: null,
  errorCode: null,
  error: null,
  sweptAt: null,
  fullySweptAt: null,
  suspendedIds: [],
  suspendedAt: null,
  agreedIds: [],
  hookId: null,
  hookPrimaryId: null,
  hookUrl: null,
  hookSecret: null,
  hookErrorCode: null,
  hookError: null,
  hookCheckedAt: null,
  hookDisabled: false,
};

/** What this service keeps of a workspace: repositories, projects, what was chosen, deliveries, history, who is told. */
@Injectable()
export class MirroredData {
  constructor(
    private readonly audit: AuditStore,
    private readonly feed: RepositoryFeed,
    private readonly repositories: RepositoriesStore,
    private readonly store: ConnectionStore,
  ) {}

  /** Runs a transaction that changes it; watchers hear of that before this returns. */
  async change(work: (transaction: Transaction) => Promise<void>): Promise<void> {
    await this.repositories.change(work);
    await this.feed.refresh();
  }

  /** Stops serving it; the rows stay for the case that the mirror is connected again. */
  hide(transaction: Transaction): Promise<void> {
    return this.repositories.removeAll(transaction, 'disconnected');
  }

  /** Deletes all of it; the audit log stays. In a transaction of `change`. */
  async delete(transaction: Transaction, by: Initiator): Promise<void> {
    const { workspace } = await this.store.lock(transaction);
    const { count } = await this.repositories.forgetAll(transaction);
    await transaction.project.deleteMany();
    await transaction.projectPolicy.deleteMany();
    await transaction.delivery.deleteMany();
    // Whoever was told of one workspace must not hear of another.
    await transaction.webhookSubscription.deleteMany();
    await transaction.lagSample.deleteMany();
    await transaction.trafficMinute.deleteMany();
    await transaction.trafficHour.deleteMany();
    await transaction.selection.update({
      where: { id: 1 },
      data: { all: false, projectKeys: [], publicRepositories: 'include', changedAt: new Date() },
    });
    const before = { workspace, repositories: count };
    await this.audit.add(transaction, { action: 'connection.data_deleted', by, before, after: null });
    await this.store.update({ workspace: null, workspaceId: null, dataUntil: null }, transaction);
  }
}
