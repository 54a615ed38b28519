import { Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import type { PrimaryProject } from '@antipode/primary';
import { ConnectionService } from '../connection/connection.service.js';
import { SelectionStore } from '../selection/selection.store.js';

/** The primary's projects. */
@Injectable()
export class ProjectsService {
  constructor(
    private readonly connection: ConnectionService,
    private readonly store: SelectionStore,
  ) {}

  /** Asked for now; as they were known last where the primary cannot be asked. */
  async list(): Promise<PrimaryProject[]> {
    const { discovery } = this.connection.primary;
    if (!discovery) return [];
    try {
      const projects = await this.connection.asking(async () =>
        discovery.listProjects(await this.connection.credential()),
      );
      await this.store.replaceProjects(projects);
    } catch (error) {
      const known = await this.store.projects();
      if (known.length === 0) throw error;
      return known;
    }
    return this.store.projects();
  }

  /** @throws AntipodeError `not_found` names those that the primary does not have; `unsupported` where it has none. */
  async check(keys: readonly string[]): Promise<void> {
    const { primary } = this.connection;
    if (!primary.discovery) {
      const hint = `${primary.displayName} has no projects to choose from.`;
      throw new AntipodeError('unsupported', 'choosing projects', {}, { hint });
    }
    if (keys.length === 0) return;
    const known = new Set((await this.list()).map(({ key }) => key));
    const unknown = keys.filter((key) => !known.has(key));
    if (unknown.length > 0) {
      throw new AntipodeError(
        'not_found',
        'choosing projects',
        { unknown },
        { hint: `The primary has no project ${unknown.join(', ')}.` },
      );
    }
  }
}
