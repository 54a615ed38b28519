import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { AuditStore } from '../audit/audit.store.js';
import type { Initiator } from '../audit/initiator.js';
import { ConnectionStore } from '../connection/connection.store.js';
import { RepositoriesStore } from '../repositories/repositories.store.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { isSuspicious } from './plan-sweep.js';

/** Watchers that were away longer get everything anew anyway. */
const REMEMBER_REMOVED_MS = 30 * 86_400_000;

export interface Suspension {
  readonly ids: readonly RepositoryId[];
  readonly since: Date;
}

/** Takes repositories away that the primary no longer names; too many at once wait for an admin's word. */
@Injectable()
export class Removals {
  constructor(
    private readonly audit: AuditStore,
    private readonly connection: ConnectionStore,
    private readonly repositories: RepositoriesStore,
    private readonly feed: RepositoryFeed,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @param all how many are mirrored now. */
  async remove(found: { vanished: RepositoryId[]; left: RepositoryId[] }, all: number): Promise<void> {
    const ids = [...found.vanished, ...found.left];
    const { agreedIds, suspendedIds } = await this.connection.read();
    const agreed = new Set(agreedIds);
    const unagreed = ids.filter((id) => !agreed.has(id));
    if (isSuspicious(unagreed.length, all)) return this.suspend(unagreed, suspendedIds);
    if (suspendedIds.length > 0 || agreedIds.length > 0)
      await this.connection.update({ suspendedIds: [], suspendedAt: null, agreedIds: [] });
    await this.repositories.forgetRemovedBefore(new Date(Date.now() - REMEMBER_REMOVED_MS));
    if (ids.length === 0) return;
    await this.repositories.change(async (transaction) => {
      await this.repositories.remove(transaction, found.vanished, 'vanished');
      await this.repositories.remove(transaction, found.left, 'deselected');
    });
    this.logger.info({ vanished: found.vanished.length, left: found.left.length }, 'removed repositories');
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
    const agreedIds = [...suspension.ids];
    await this.repositories.change(async (transaction) => {
      await this.connection.update({ agreedIds }, transaction);
      const paths = await this.repositories.paths(transaction, agreedIds);
      await this.audit.add(transaction, {
        action: 'removals.confirmed',
        by,
        before: null,
        after: { count, paths },
      });
    });
  }

  private async suspend(ids: RepositoryId[], before: readonly RepositoryId[]): Promise<void> {
    this.logger.error(
      { count: ids.length },
      'a sweep would remove too many repositories at once; nothing is removed until an admin confirms',
    );
    await this.connection.update({
      suspendedIds: ids,
      ...(before.length === 0 ? { suspendedAt: new Date() } : {}),
    });
  }
}
