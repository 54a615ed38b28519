import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ConnectionStore, type ConnectionRow } from '../connection/connection.store.js';
import { ConnectionView } from '../connection/connection-view.js';
import type { Sight } from '../people/viewer.js';
import { EVERYTHING, ListRepositories } from '../repositories/list-repositories.js';
import { SelectionService } from '../selection/selection.service.js';
import { writeSelection } from '../selection/selection.controller.js';
import { Neighbours } from './neighbours.js';
import type { publicStatusSchema, statusSchema } from './schemas.js';

export type StatusAnswer = z.infer<typeof statusSchema>;
export type PublicStatus = z.infer<typeof publicStatusSchema>;

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
    return {
      connection: { state, reason, nextStep, error },
      selection: writeSelection(await this.selection.read()),
      repositories: await this.count(EVERYTHING),
      nodes: await this.neighbours.nodes(),
      sweep: {
        lastAt: row.sweptAt?.toISOString() ?? null,
        lastFullAt: row.fullySweptAt?.toISOString() ?? null,
      },
      removalSuspended: await this.suspended(row),
      checks: await this.neighbours.checks(),
    };
  }

  /** What everybody may see who is no administrator. */
  async readFor(sight: Sight): Promise<PublicStatus> {
    const { state } = this.view.describe(await this.connection.read());
    return { connection: { state }, repositories: await this.count(sight) };
  }

  private async count(sight: Sight): Promise<StatusAnswer['repositories']> {
    const byPhase = await this.repositories.byPhase(sight);
    return { total: Object.values(byPhase).reduce((sum, count) => sum + count, 0), byPhase };
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
