import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentViewer } from '../people/current-viewer.js';
import type { Viewer } from '../people/viewer.js';
import { Viewers } from '../people/viewers.js';
import { AdminRoute, ViewerRoute } from '../rest/openapi.js';
import { acceptedSchema, repositoriesQuery, repositoriesSchema, repositorySchema } from '../rest/schemas.js';
import { validate } from '../rest/validate.js';
import { SyncRequests } from '../sync-states/sync-requests.js';
import type { RepositoryAnswer } from './describe-repository.js';
import { EVERYTHING } from './list-repositories.js';
import { MirroredRepositories } from './mirrored-repositories.js';

const ID = { id: "The primary's UUID of the repository, without braces." };

@ApiTags('repositories')
@Controller('-/api/v1/repositories')
export class RepositoriesController {
  constructor(
    private readonly repositories: MirroredRepositories,
    private readonly syncs: SyncRequests,
    private readonly viewers: Viewers,
  ) {}

  @Get()
  @ViewerRoute({
    summary: 'Lists the mirrored repositories that the viewer may see, page by page',
    query: repositoriesQuery,
    answer: repositoriesSchema,
    problems: [400],
  })
  async list(
    @Query() query: unknown,
    @CurrentViewer() viewer: Viewer,
  ): Promise<z.infer<typeof repositoriesSchema>> {
    const question = validate(repositoriesQuery, query);
    return this.repositories.page(question, await this.viewers.sightOf(viewer));
  }

  @Get(':id')
  @ViewerRoute({
    summary: 'Shows one mirrored repository; what the viewer may not see is not found',
    params: ID,
    answer: repositorySchema,
    problems: [404],
  })
  async show(@Param('id') id: string, @CurrentViewer() viewer: Viewer): Promise<RepositoryAnswer> {
    return this.repositories.find({ id }, await this.viewers.sightOf(viewer));
  }

  @Post(':id/sync')
  @HttpCode(202)
  @AdminRoute({
    summary: 'Asks every node to sync a repository now',
    params: ID,
    status: 202,
    answer: acceptedSchema,
    problems: [404, 503],
  })
  async sync(@Param('id') id: string): Promise<z.infer<typeof acceptedSchema>> {
    await this.repositories.find({ id }, EVERYTHING);
    await this.syncs.request(id, 'admin');
    return { accepted: true };
  }
}
