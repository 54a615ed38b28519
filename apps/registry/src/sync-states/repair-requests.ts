import { Injectable } from '@nestjs/common';
import type { RepositoryId, RepositoryPath } from '@antipode/domain';
import { AuditStore } from '../audit/audit.store.js';
import type { Initiator } from '../audit/initiator.js';
import { Database } from '../database/database.js';
import { SyncRequests } from './sync-requests.js';

export type RepairName = 'mirror.verify' | 'mirror.reclone';

const ACTION = {
  'mirror.verify': 'repository.verify_requested',
  'mirror.reclone': 'repository.reclone_requested',
} as const;

/** Asks every node to look a repository through, or to clone it anew, and notes who wanted that. */
@Injectable()
export class RepairRequests {
  constructor(
    private readonly syncs: SyncRequests,
    private readonly audit: AuditStore,
    private readonly database: Database,
  ) {}

  /** @throws AntipodeError `service_unavailable` where Redis does not answer; then nothing is noted. */
  async request(
    name: RepairName,
    { id, path }: { readonly id: RepositoryId; readonly path: RepositoryPath },
    by: Initiator,
  ): Promise<void> {
    await this.database.prisma.$transaction(async (transaction) => {
      await this.audit.add(transaction, {
        action: ACTION[name],
        by,
        subject: id,
        before: null,
        after: { path },
      });
      // Last: what could not be asked for leaves no entry.
      await this.syncs.request(id, 'admin', name);
    });
  }
}
