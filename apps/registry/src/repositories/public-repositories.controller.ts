import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { publicRepositoriesSchema } from '../rest/change-schemas.js';
import { AdminRoute } from '../rest/openapi.js';
import { PublicRepositories } from './public-repositories.js';

@ApiTags('repositories')
@Controller('-/api/v1/public-repositories')
export class PublicRepositoriesController {
  constructor(private readonly repositories: PublicRepositories) {}

  @Get()
  @AdminRoute({
    summary:
      'Lists the public repositories of the selected projects: they expose the mirror to everybody, unless they are excluded',
    answer: publicRepositoriesSchema,
    problems: [409, 502, 503],
  })
  list(): Promise<z.infer<typeof publicRepositoriesSchema>> {
    return this.repositories.list();
  }
}
