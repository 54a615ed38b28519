import { Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { decodeUrlPath } from '@antipode/primary';
import { Runs } from '../../activity/runs.js';
import { ConnectionService } from '../../connection/connection.service.js';
import { isMember } from '../../people/viewer.js';
import { Viewers } from '../../people/viewers.js';
import type { RepositoryAnswer } from '../../repositories/describe-repository.js';
import { MirroredRepositories } from '../../repositories/mirrored-repositories.js';
import { Mirrors } from '../../siblings/mirrors.js';
import type { RunView } from '../activity/activity-view.js';
import type { Visit } from '../visit.js';
import type { RepositoryView } from './repository.page.js';

const SHOWN_RUNS = 10;
const HOME = '/-/repositories/';

/** What the page of a repository shows. */
@Injectable()
export class RepositoryReader {
  constructor(
    private readonly connection: ConnectionService,
    private readonly mirrors: Mirrors,
    private readonly repositories: MirroredRepositories,
    private readonly runs: Runs,
    private readonly viewers: Viewers,
  ) {}

  async view(visit: Visit): Promise<Omit<RepositoryView, 'asked'>> {
    const { viewer, csrf } = visit;
    const repository = await this.find(visit);
    return {
      viewer,
      csrf,
      repository,
      mirrors: this.mirrors.list(viewer),
      primaryName: this.connection.primary.displayName,
      runs: await this.recent(repository.id, visit),
    };
  }

  /** By the mirror's own path, with ".git" or without. @throws AntipodeError `not_found`, also for what is hidden */
  async find({ url, viewer }: Visit): Promise<RepositoryAnswer> {
    const text = decodeUrlPath(url.pathname.slice(HOME.length));
    const path = text === undefined ? undefined : this.connection.primary.parseRepositoryPath(text);
    if (path === undefined) throw new AntipodeError('not_found', 'opening the page of a repository');
    return this.repositories.find({ path }, await this.viewers.sightOf(viewer));
  }

  private async recent(repository: string, { viewer }: Visit): Promise<RunView[]> {
    if (!isMember(viewer)) return [];
    const sight = await this.viewers.sightOf(viewer);
    return (await this.runs.page({ repository, limit: SHOWN_RUNS }, sight)).values;
  }
}
