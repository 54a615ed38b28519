import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Viewers } from '../../people/viewers.js';
import { MirroredRepositories } from '../../repositories/mirrored-repositories.js';
import { repositoriesQuery } from '../../rest/schemas.js';
import { Pages } from '../pages.js';
import type { Answer, Visit } from '../visit.js';
import { repositoriesPage } from './repositories.page.js';

const PAGE = 50;

@ApiExcludeController()
@Controller('-/repositories')
export class RepositoriesPageController {
  constructor(
    private readonly pages: Pages,
    private readonly repositories: MirroredRepositories,
    private readonly viewers: Viewers,
  ) {}

  @Get()
  list(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.show([request, response], 'anybody', (visit) => this.page(visit));
  }

  private async page({ viewer, url }: Visit): Promise<Answer> {
    const sent = [...url.searchParams].filter(([, value]) => value.trim() !== '');
    const { success, data: question } = repositoriesQuery.safeParse({
      limit: PAGE,
      ...Object.fromEntries(sent),
    });
    // A list for whatever was typed: only a cursor cannot be guessed.
    if (!success) return { location: '/-/repositories' };
    const { q = '', project = '', phase = '', sort, cursor } = question;
    const page = await this.repositories.page(question, await this.viewers.sightOf(viewer));
    return repositoriesPage({
      viewer,
      filter: { q, project, phase, sort },
      rows: page.values,
      total: page.total,
      next: page.next,
      isLater: cursor !== undefined,
    });
  }
}
