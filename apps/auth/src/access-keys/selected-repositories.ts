import { join } from 'node:path';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { RepositoryPath, SelectedRepository } from '@antipode/domain';
import { RepositoryTable } from '@antipode/rpc';
import { HealthChecks, LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type AuthConfig } from '../config.js';
import { Database } from '../database/database.js';
import { ConnectionCredentials } from './connection.js';

/** Which repositories are mirrored, and in which project each one is: whose access keys count here. */
@Injectable()
export class SelectedRepositories implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly table: RepositoryTable;
  private readonly isUsed: boolean;
  /** Counts changes; whoever keeps what was derived from the table compares. */
  version = 0;

  constructor(
    @Inject(CONFIG) config: AuthConfig,
    @Inject(LOGGER) logger: Logger,
    connection: ConnectionCredentials,
    database: Database,
    health: HealthChecks,
  ) {
    this.isUsed = database.isConfigured;
    const data = config.ANTIPODE_DATA;
    this.table = new RepositoryTable({
      client: connection.client,
      // No node of its own: auth keeps no mirrors.
      node: '',
      ...(data === undefined ? {} : { file: join(data, 'state', 'auth-repositories.json') }),
      onLost: (error) => logger.warn({ err: error }, 'the registry is away; its last table stands'),
    });
    for (const event of ['upserted', 'removed', 'complete'] as const)
      this.table.on(event, () => (this.version += 1));
    if (this.isUsed) {
      health.observe('registry', () => {
        if (!this.table.isConnected) throw new Error('no stream; the table of repositories is as it was');
      });
    }
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.isUsed) await this.table.open();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.isUsed) await this.table.close();
  }

  /** False until the registry has told; what is not in the table then may be selected all the same. */
  get isKnown(): boolean {
    return this.table.isKnown;
  }

  find(path: RepositoryPath): SelectedRepository | undefined {
    return this.table.find(path);
  }

  all(): SelectedRepository[] {
    return this.table.all();
  }
}
