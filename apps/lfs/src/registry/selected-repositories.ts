import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { RepositoryId, RepositoryPath } from '@antipode/domain';
import { RepositoryTable } from '@antipode/rpc';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import type { LfsConfig } from '../config.js';
import { LFS_CONFIG } from '../tokens.js';
import { RegistryClient } from './registry-client.js';

interface SelectionEvents {
  /** Something came, went or moved. */
  changed: [];
}

/** Which repositories are mirrored, and under which path the primary has them. */
@Injectable()
export class SelectedRepositories
  extends EventEmitter<SelectionEvents>
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly table: RepositoryTable;
  private completed = false;

  constructor(
    @Inject(LFS_CONFIG) config: LfsConfig,
    @Inject(LOGGER) logger: Logger,
    @Inject(HealthChecks) health: HealthChecks,
    registry: RegistryClient,
  ) {
    super();
    this.table = new RepositoryTable({
      client: registry.client,
      // The node's sync is counted as the node; no jobs are for us.
      node: '',
      file: join(config.ANTIPODE_DATA, 'state', 'lfs-repositories.json'),
      onLost: (error) => {
        this.completed = false;
        logger.warn({ err: error }, 'the registry is away; its last table stands');
      },
    });
    this.table.on('complete', () => (this.completed = true));
    for (const event of ['upserted', 'removed', 'complete'] as const)
      this.table.on(event, () => this.emit('changed'));
    health.observe('registry', () => {
      if (!this.table.isConnected) throw new Error('no stream; the table of repositories is as it was');
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.table.open();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.table.close();
  }

  /** True while the registry itself says what is selected, and has said everything: only then is absence a fact. */
  get isCertain(): boolean {
    return this.completed && this.table.isConnected;
  }

  has(id: RepositoryId): boolean {
    return this.table.get(id) !== undefined;
  }

  pathOf(id: RepositoryId): RepositoryPath | undefined {
    return this.table.get(id)?.path;
  }

  ids(): RepositoryId[] {
    return this.table.all().map(({ id }) => id);
  }
}
