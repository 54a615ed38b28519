import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AntipodeError } from '@antipode/errors';
import type { RepositoryAnswer } from '../../repositories/describe-repository.js';
import { RepairRequests } from '../../sync-states/repair-requests.js';
import { SyncRequests } from '../../sync-states/sync-requests.js';
import { Pages } from '../pages.js';
import type { Visit } from '../visit.js';
import { RepositoryReader } from './repository-reader.js';
import { repositoryPage } from './repository-row.js';
import { repositoryPageOf } from './repository.page.js';

const ACTIONS = ['sync', 'verify', 'reclone'] as const;
type Action = (typeof ACTIONS)[number];

/** One repository, by its path at the primary: `/-/repositories/acme/widget`. */
@ApiExcludeController()
@Controller('-/repositories')
export class RepositoryPageController {
  constructor(
    private readonly pages: Pages,
    private readonly reader: RepositoryReader,
    private readonly repairs: RepairRequests,
    private readonly syncs: SyncRequests,
  ) {}

  @Get('*path')
  show(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.show([request, response], 'anybody', async (visit) =>
      repositoryPageOf({
        ...(await this.reader.view(visit)),
        asked: ACTIONS.find((action) => action === visit.url.searchParams.get('asked')),
      }),
    );
  }

  @Post('*path')
  care(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.submit([request, response], 'administrators', async (visit, form) => {
      const repository = await this.reader.find(visit);
      const action = ACTIONS.find((one) => one === form.get('action'));
      if (!action) throw new AntipodeError('invalid', 'reading what to do with a repository');
      await this.request(action, repository, visit);
      return { location: `${repositoryPage(repository.path)}?asked=${action}` };
    });
  }

  private async request(action: Action, { id, path }: RepositoryAnswer, { by }: Visit): Promise<void> {
    if (action === 'sync') return this.syncs.request(id, 'admin');
    await this.repairs.request(action === 'verify' ? 'mirror.verify' : 'mirror.reclone', { id, path }, by);
  }
}
