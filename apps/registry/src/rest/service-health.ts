import { Injectable, type OnModuleInit } from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import { HealthChecks } from '@antipode/service-kit';
import { Database } from '../database/database.js';
import { ListRepositories } from '../repositories/list-repositories.js';
import { SyncRequests } from '../sync-states/sync-requests.js';

/** What `/readyz` asks, and what `/metrics` shows of the table. */
@Injectable()
export class ServiceHealth implements OnModuleInit {
  constructor(
    private readonly health: HealthChecks,
    private readonly database: Database,
    private readonly syncs: SyncRequests,
    private readonly repositories: ListRepositories,
  ) {}

  onModuleInit(): void {
    this.health.add('database', () => this.database.check());
    this.health.add('redis', () => this.syncs.check());
    const gauge = metrics
      .getMeter('antipode.registry')
      .createObservableGauge('antipode_repositories', { description: 'Mirrored repositories by phase' });
    gauge.addCallback(async (result) => {
      // With the database away there is nothing to say; readiness says why.
      const byPhase = await this.repositories.byPhase().catch(() => ({}));
      for (const [phase, count] of Object.entries(byPhase)) result.observe(count, { phase });
    });
  }
}
