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
import { Moves } from './moves.js';
import { RegistryClient } from './registry-client.js';

interface SelectionEvents {
  /** Something came, went or moved. */
  changed: [];
  /** What its path stood for may have been another repository's for a while. */
  moved: [id: RepositoryId];
}

/** Which repositories are mirrored, and under which path the primary has them. */
@Injectable()
export class SelectedRepositories
  extends EventEmitter<SelectionEvents>
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  /** Ids are made of paths: one that comes back may be another one altogether. */
  readonly isIdOfPath: boolean;
  private readonly table: RepositoryTable;
  private completed = false;
  private readonly moves: Moves;

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
    this.isIdOfPath = config.PRIMARY_KIND === 'git-http';
    this.moves = new Moves(this);
    this.table.on('complete', () => (this.completed = true));
    // Before anybody hears that something is due.
    this.table.on('removed', (repository) => this.moves.left(repository));
    this.table.on('upserted', (repository, before) => {
      if (this.moves.came(repository, before)) this.emit('moved', repository.id);
    });
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

  /** True where large files are brought before anybody asks for them. */
  prefetches(id: RepositoryId): boolean {
    const repository = this.table.get(id);
    return repository !== undefined && repository.lfsPrefetch !== 'off';
  }

  /** Undefined as well where another one has that path by now. */
  pathOf(id: RepositoryId): RepositoryPath | undefined {
    const path = this.table.get(id)?.path;
    return path !== undefined && this.table.find(path)?.id === id ? path : undefined;
  }

  /** True where it moved within this time: what began under its old path may be another's. */
  hasMovedWithin(id: RepositoryId, ms: number): boolean {
    return this.moves.isWithin(id, ms);
  }

  ids(): RepositoryId[] {
    return this.table.all().map(({ id }) => id);
  }
}
