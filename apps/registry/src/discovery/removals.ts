import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { AuditStore } from '../audit/audit.store.js';
import type { Initiator } from '../audit/initiator.js';
import { ConnectionStore } from '../connection/connection.store.js';
import { RepositoriesStore, type Transaction } from '../repositories/repositories.store.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { judgeRemovals, type Circumstances, type Found } from './plan-sweep.js';

/** Watchers that were away longer get everything anew anyway. */
const REMEMBER_REMOVED_MS = 30 * 86_400_000;

export interface Suspension {
  readonly ids: readonly RepositoryId[];
  readonly since: Date;
}

/** Takes repositories away that the primary no longer names; what is not believed waits for an admin's word. */
@Injectable()
export class Removals {
  constructor(
    private readonly audit: AuditStore,
    private readonly connection: ConnectionStore,
    private readonly repositories: RepositoriesStore,
    private readonly feed: RepositoryFeed,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @param seen what the sweep knows of the vanished, and of the whole. */
  async remove(found: Found, seen: Omit<Circumstances, 'agreed'>): Promise<void> {
    const { agreedIds, suspendedIds } = await this.connection.read();
    const { believed, doubted } = judgeRemovals(found, { ...seen, agreed: new Set(agreedIds) });
    await this.repositories.forgetRemovedBefore(new Date(Date.now() - REMEMBER_REMOVED_MS));
    const { vanished, left } = believed;
    const removes = vanished.length + left.length > 0;
    if (!removes && doubted.length + suspendedIds.length + agreedIds.length === 0) return;
    await this.repositories.change(async (transaction) => {
      await this.repositories.remove(transaction, vanished, 'vanished');
      await this.repositories.remove(transaction, left, 'deselected');
      await this.suspend(transaction, doubted, new Set(agreedIds));
    });
    if (!removes) return;
    this.logger.info({ vanished: vanished.length, left: left.length }, 'removed repositories');
    await this.feed.refresh();
  }

  private async suspended(): Promise<Suspension | undefined> {
    const { suspendedIds, suspendedAt } = await this.connection.read();
    return suspendedAt && suspendedIds.length > 0 ? { ids: suspendedIds, since: suspendedAt } : undefined;
  }

  /**
   * An admin agrees to what is suspended; the next full sweep removes it, if the primary still does not name it.
   *
   * @param count how many the admin believes to remove; must be what is suspended.
   * @throws AntipodeError `conflict` where it is another number by now, or nothing.
   */
  async agree(count: number, by: Initiator): Promise<void> {
    const suspension = await this.suspended();
    if (suspension?.ids.length !== count) {
      const now = suspension?.ids.length ?? 0;
      throw new AntipodeError(
        'conflict',
        'confirming removals',
        { count, now },
        { hint: `${now} removals wait for confirmation, not ${count}.` },
      );
    }
    await this.repositories.change(async (transaction) => {
      const before = (await this.connection.lock(transaction)).agreedIds;
      const agreedIds = [...new Set([...before, ...suspension.ids])];
      await this.connection.update({ agreedIds }, transaction);
      const paths = await this.repositories.paths(transaction, suspension.ids);
      await this.audit.add(transaction, {
        action: 'removals.confirmed',
        by,
        before: null,
        after: { count, paths },
      });
    });
  }

  /** @param done agreements that this sweep has followed: later ones stay. */
  private async suspend(
    transaction: Transaction,
    ids: readonly RepositoryId[],
    done: ReadonlySet<RepositoryId>,
  ): Promise<void> {
    const before = await this.connection.lock(transaction);
    const since = ids.length === 0 ? null : (before.suspendedAt ?? new Date());
    const agreedIds = before.agreedIds.filter((id) => !done.has(id));
    await this.connection.update({ suspendedIds: [...ids], suspendedAt: since, agreedIds }, transaction);
    if (ids.length === 0) return;
    this.logger.error(
      { count: ids.length },
      'the primary no longer shows repositories, and that is not believed; they stay until an admin confirms',
    );
  }
}
