import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { NodesStore } from '../sync-states/nodes.store.js';
import { SyncRequests } from '../sync-states/sync-requests.js';

type Check = 'ok' | 'away';

/** Who this service depends on, and who depends on it. */
@Injectable()
export class Neighbours {
  constructor(
    private readonly database: Database,
    private readonly nodesStore: NodesStore,
    private readonly syncs: SyncRequests,
  ) {}

  async nodes(): Promise<{ name: string; seenAt: string }[]> {
    const nodes = await this.nodesStore.list();
    return nodes.map(({ name, seenAt }) => ({ name, seenAt: seenAt.toISOString() }));
  }

  async checks(): Promise<{ database: Check; redis: Check }> {
    const [database, redis] = await Promise.all([
      outcome(this.database.check()),
      outcome(this.syncs.check()),
    ]);
    return { database, redis };
  }
}

const outcome = (check: Promise<void>): Promise<Check> =>
  check.then(
    () => 'ok' as const,
    () => 'away' as const,
  );
