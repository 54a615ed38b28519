import { Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { isRepositoryId } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionService } from '../connection/connection.service.js';
import { NO_LFS, shortest, type LfsStateRow } from '../lfs-states/lfs-state.js';
import { AdminRoute } from '../rest/openapi.js';
import { acceptedSchema, repositoriesQuery, repositoriesSchema, repositorySchema } from '../rest/schemas.js';
import { validate } from '../rest/validate.js';
import { SyncRequests } from '../sync-states/sync-requests.js';
import { summariseVerifications, worst, type SyncStateRow } from '../sync-states/sync-state.js';
import { RepositoryStates, type States } from './repository-states.js';
import { repositoryUrls } from './repository-urls.js';
import { ListRepositories, type ListedRepository } from './list-repositories.js';

type RepositoryAnswer = z.infer<typeof repositorySchema>;
type StateAnswer = Omit<RepositoryAnswer['nodes'][number], 'node' | 'reportedAt' | 'lfs'>;

const ID = { id: "The primary's UUID of the repository, without braces." };

@ApiTags('repositories')
@Controller('-/api/v1/repositories')
export class RepositoriesController {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly connection: ConnectionService,
    private readonly repositories: ListRepositories,
    private readonly states: RepositoryStates,
    private readonly syncs: SyncRequests,
  ) {}

  @Get()
  @AdminRoute({
    summary: 'Lists the mirrored repositories, page by page',
    query: repositoriesQuery,
    answer: repositoriesSchema,
    problems: [400],
  })
  async list(@Query() query: unknown): Promise<z.infer<typeof repositoriesSchema>> {
    const page = await this.repositories.page(validate(repositoriesQuery, query));
    const statesOf = await this.states.read(page.values.map(({ id }) => id));
    return {
      ...page,
      values: page.values.map((repository) => this.describe(repository, statesOf(repository.id))),
    };
  }

  @Get(':id')
  @AdminRoute({
    summary: 'Shows one mirrored repository',
    params: ID,
    answer: repositorySchema,
    problems: [404],
  })
  async show(@Param('id') id: string): Promise<RepositoryAnswer> {
    const repository = await this.find(id);
    return this.describe(repository, (await this.states.read([id]))(id));
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
    await this.find(id);
    await this.syncs.request(id, 'admin');
    return { accepted: true };
  }

  private async find(id: string): Promise<ListedRepository> {
    const found = isRepositoryId(id) ? await this.repositories.one(id) : undefined;
    if (!found)
      throw new AntipodeError(
        'not_found',
        'finding a repository',
        {},
        { hint: 'There is no such mirrored repository.' },
      );
    return found;
  }

  private describe(repository: ListedRepository, { sync, lfs }: States): RepositoryAnswer {
    const mirror = { https: this.config.PUBLIC_URL, ssh: this.config.SSH_URL };
    const cloneUrls = repositoryUrls(repository.path, mirror, this.connection.primary);
    return {
      ...repository,
      ...summarise(sync),
      lfs: describeLfs(shortest(lfs)),
      cloneUrls,
      pushUrl: cloneUrls.primary.https,
      nodes: sync.map((state) => ({
        node: state.node,
        reportedAt: state.reportedAt.toISOString(),
        ...describeState(state),
        lfs: describeLfs(lfs.find(({ node }) => node === state.node)),
      })),
    };
  }
}

function describeLfs(state: LfsStateRow | undefined): RepositoryAnswer['lfs'] {
  const { objects, bytes, missing, missingBytes, error } = state ?? NO_LFS;
  return { objects, bytes, missing, missingBytes, error };
}

const NOTHING_REPORTED: StateAnswer = {
  phase: 'absent',
  progress: null,
  epoch: 0,
  confirmedAt: null,
  lagSeconds: null,
  error: null,
  sizeBytes: 0,
  receivedBytesTotal: 0,
  verifiedAt: null,
  verification: null,
};

/** All nodes in one: the state that needs attention first, and what they received together. */
function summarise(states: readonly SyncStateRow[]): StateAnswer {
  const first = worst(states);
  if (!first) return NOTHING_REPORTED;
  return {
    ...describeState({ ...first, ...summariseVerifications(states) }),
    receivedBytesTotal: states.reduce((sum, state) => sum + state.receivedBytesTotal, 0),
  };
}

function describeState({
  phase,
  progress,
  epoch,
  confirmedAt,
  error,
  sizeBytes,
  receivedBytesTotal,
  verification,
  verifiedAt,
}: SyncStateRow): StateAnswer {
  return {
    phase,
    progress,
    epoch,
    confirmedAt: confirmedAt?.toISOString() ?? null,
    lagSeconds: confirmedAt ? Math.max(0, Math.round((Date.now() - confirmedAt.getTime()) / 100) / 10) : null,
    error,
    sizeBytes,
    receivedBytesTotal,
    verifiedAt: verifiedAt?.toISOString() ?? null,
    verification: verification && { ...verification, at: verification.at.toISOString() },
  };
}
