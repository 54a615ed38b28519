import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import { By, type Initiator } from '../audit/initiator.js';
import { RepositoryFeed } from '../repositories/repository-feed.js';
import { AdminRoute } from '../rest/openapi.js';
import { acceptedSchema } from '../rest/schemas.js';
import { RepairRequests, type RepairName } from './repair-requests.js';

type Accepted = z.infer<typeof acceptedSchema>;

const ROUTE = {
  params: { id: "The primary's UUID of the repository, without braces." },
  status: 202,
  answer: acceptedSchema,
  problems: [404, 503],
};

/** What an admin can do about a mirror repository that does not seem to be right. */
@ApiTags('repositories')
@Controller('-/api/v1/repositories')
export class RepairsController {
  constructor(
    private readonly feed: RepositoryFeed,
    private readonly repairs: RepairRequests,
  ) {}

  @Post(':id/verify')
  @HttpCode(202)
  @AdminRoute({
    ...ROUTE,
    summary: 'Asks every node to compare a repository with the primary, to look it through, and to repair it',
  })
  verify(@Param('id') id: string, @By() by: Initiator): Promise<Accepted> {
    return this.request('mirror.verify', id, by);
  }

  @Post(':id/reclone')
  @HttpCode(202)
  @AdminRoute({
    ...ROUTE,
    summary: 'Asks every node to clone a repository anew; the old one is served until the new one is there',
  })
  reclone(@Param('id') id: string, @By() by: Initiator): Promise<Accepted> {
    return this.request('mirror.reclone', id, by);
  }

  private async request(name: RepairName, id: string, by: Initiator): Promise<Accepted> {
    const repository = this.feed.get(id);
    if (!repository) {
      const hint = 'There is no such mirrored repository.';
      throw new AntipodeError('not_found', 'finding a repository', {}, { hint });
    }
    await this.repairs.request(name, repository, by);
    return { accepted: true };
  }
}
