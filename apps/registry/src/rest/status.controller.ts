import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ConnectionController } from '../connection/connection.controller.js';
import { ConnectionStore } from '../connection/connection.store.js';
import { Database } from '../database/database.js';
import { DiscoveryService } from '../discovery/discovery.service.js';
import { Removals } from '../discovery/removals.js';
import { ListRepositories } from '../repositories/list-repositories.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { SelectionService } from '../selection/selection.service.js';
import { writeSelection } from '../selection/selection.controller.js';
import { NodesStore } from '../sync-states/nodes.store.js';
import { SyncRequests } from '../sync-states/sync-requests.js';
import { AdminRoute } from './openapi.js';
import { acceptedSchema, confirmRemovalsSchema, statusSchema } from './schemas.js';
import { validate } from './validate.js';

type StatusAnswer = z.infer<typeof statusSchema>;

/** Enough paths to recognise what is going on. */
const SHOWN_PATHS = 20;

/** The whole mirror on one page, for people and for monitoring. */
@ApiTags('status')
@Controller('-/api/v1')
export class StatusController {
  constructor(
    private readonly connections: ConnectionController,
    private readonly connection: ConnectionStore,
    private readonly database: Database,
    private readonly discovery: DiscoveryService,
    private readonly feed: RepositoryFeed,
    private readonly nodes: NodesStore,
    private readonly removals: Removals,
    private readonly repositories: ListRepositories,
    private readonly selection: SelectionService,
    private readonly syncs: SyncRequests,
  ) {}

  @Get('status')
  @AdminRoute({ summary: 'Shows how the mirror is doing', answer: statusSchema })
  async status(): Promise<StatusAnswer> {
    const row = await this.connection.read();
    const { state, error } = this.connections.describe(row);
    const byPhase = await this.repositories.byPhase();
    return {
      connection: { state, error },
      selection: writeSelection(await this.selection.read()),
      repositories: {
        total: Object.values(byPhase).reduce((sum, count) => sum + count, 0),
        byPhase,
      },
      nodes: (await this.nodes.list()).map(({ name, seenAt }) => ({ name, seenAt: seenAt.toISOString() })),
      sweep: {
        lastAt: row.sweptAt?.toISOString() ?? null,
        lastFullAt: row.fullySweptAt?.toISOString() ?? null,
      },
      removalSuspended: await this.suspended(),
      checks: { database: await outcome(this.database.check()), redis: await outcome(this.syncs.check()) },
    };
  }

  @Post('removals/confirm')
  @HttpCode(202)
  @AdminRoute({
    summary:
      'Agrees to the removals that a sweep has suspended; names their number, so that nobody agrees to more than was seen',
    body: confirmRemovalsSchema,
    status: 202,
    answer: acceptedSchema,
    problems: [400, 409],
  })
  async confirmRemovals(@Body() body: unknown): Promise<z.infer<typeof acceptedSchema>> {
    await this.removals.agree(validate(confirmRemovalsSchema, body).count);
    this.discovery.sweepSoon('full');
    return { accepted: true };
  }

  private async suspended(): Promise<StatusAnswer['removalSuspended']> {
    const suspension = await this.removals.suspended();
    if (!suspension) return null;
    const paths = suspension.ids.slice(0, SHOWN_PATHS).map((id) => this.feed.get(id)?.path ?? id);
    return { count: suspension.ids.length, since: suspension.since.toISOString(), paths };
  }
}

const outcome = (check: Promise<void>): Promise<'ok' | 'away'> =>
  check.then(
    () => 'ok' as const,
    () => 'away' as const,
  );
