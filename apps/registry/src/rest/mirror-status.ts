import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ConnectionStore, type ConnectionRow } from '../connection/connection.store.js';
import { ConnectionView } from '../connection/connection-view.js';
import { ListRepositories } from '../repositories/list-repositories.js';
import { SelectionService } from '../selection/selection.service.js';
import { writeSelection } from '../selection/selection.controller.js';
import { Neighbours } from './neighbours.js';
import type { statusSchema } from './schemas.js';

export type StatusAnswer = z.infer<typeof statusSchema>;

/** Enough paths to recognise what is going on. */
const SHOWN_PATHS = 20;

/** The whole mirror on one page, for people and for monitoring. */
@Injectable()
export class MirrorStatus {
  constructor(
    private readonly connection: ConnectionStore,
    private readonly view: ConnectionView,
    private readonly neighbours: Neighbours,
    private readonly repositories: ListRepositories,
    private readonly selection: SelectionService,
  ) {}

  async read(): Promise<StatusAnswer> {
    const row = await this.connection.read();
    const { state, reason, nextStep, error } = this.view.describe(row);
    const byPhase = await this.repositories.byPhase();
    return {
      connection: { state, reason, nextStep, error },
      selection: writeSelection(await this.selection.read()),
      repositories: { total: Object.values(byPhase).reduce((sum, count) => sum + count, 0), byPhase },
      nodes: await this.neighbours.nodes(),
      sweep: {
        lastAt: row.sweptAt?.toISOString() ?? null,
        lastFullAt: row.fullySweptAt?.toISOString() ?? null,
      },
      removalSuspended: await this.suspended(row),
      checks: await this.neighbours.checks(),
    };
  }

  private async suspended({
    suspendedIds,
    suspendedAt,
  }: ConnectionRow): Promise<StatusAnswer['removalSuspended']> {
    if (!suspendedAt || suspendedIds.length === 0) return null;
    const paths = await this.repositories.paths(suspendedIds.slice(0, SHOWN_PATHS));
    return { count: suspendedIds.length, since: suspendedAt.toISOString(), paths };
  }
}
