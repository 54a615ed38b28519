import { Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import type { LfsStateRow } from '../lfs-states/lfs-state.js';
import { LfsStatesStore } from '../lfs-states/lfs-states.store.js';
import type { SyncStateRow } from '../sync-states/sync-state.js';
import { SyncStatesStore } from '../sync-states/sync-states.store.js';

/** How a repository is doing on every node that has reported it. */
export interface States {
  readonly sync: readonly SyncStateRow[];
  readonly lfs: readonly LfsStateRow[];
}

@Injectable()
export class RepositoryStates {
  constructor(
    private readonly sync: SyncStatesStore,
    private readonly lfs: LfsStatesStore,
  ) {}

  async read(ids: readonly RepositoryId[]): Promise<(id: RepositoryId) => States> {
    const [sync, lfs] = await Promise.all([this.sync.read(ids), this.lfs.read(ids)]);
    return (id) => ({ sync: sync.get(id) ?? [], lfs: lfs.get(id) ?? [] });
  }
}
