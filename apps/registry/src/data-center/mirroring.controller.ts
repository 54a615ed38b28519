import {
  applyDecorators,
  Controller,
  Get,
  Inject,
  Param,
  Query,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AntipodeError } from '@antipode/errors';
import { CONFIG, type RegistryConfig } from '../config.js';
import { Progress } from '../events/progress.js';
import { CurrentViewer } from '../people/current-viewer.js';
import type { Sight, Viewer } from '../people/viewer.js';
import { ForAccess, ViewerGuard } from '../people/viewer.guard.js';
import { Viewers } from '../people/viewers.js';
import type { RepositoryAnswer } from '../repositories/describe-repository.js';
import { Mirrors, type ListedMirror } from '../siblings/mirrors.js';
import { DataCenterFilter } from './data-center.filter.js';
import { FindRepository } from './find-repository.js';
import { pageOf, type Page } from './page.js';
import { mirroredRepository, mirrorServer } from './shapes.js';
import { isSignedLink, signLink } from './signed-link.js';

export const MIRRORING = ['rest/mirroring/latest', 'rest/mirroring/1.0'];

const ForAll = (): MethodDecorator => applyDecorators(UseGuards(ViewerGuard), ForAccess('viewers'));

/**
 * What Bitbucket Data Center's clients (Jenkins, Bamboo) ask a primary and its mirrors, so far as they only read. This mirror
 * answers for both: for Bitbucket Cloud has none of it.
 */
@ApiExcludeController()
@UseFilters(DataCenterFilter)
@Controller(MIRRORING)
export class MirroringController {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly mirrors: Mirrors,
    private readonly progress: Progress,
    private readonly repositories: FindRepository,
    private readonly viewers: Viewers,
  ) {}

  @Get('mirrorServers')
  @ForAll()
  servers(@CurrentViewer() viewer: Viewer, @Query() query: unknown): Page<object> {
    return pageOf(this.mirrors.list(viewer).map(describe), query);
  }

  @Get('mirrorServers/:id')
  @ForAll()
  server(@CurrentViewer() viewer: Viewer, @Param('id') id: string): object {
    const found = this.mirrors.list(viewer).find((one) => one.id === id);
    if (found) return describe(found);
    const hint = 'There is no such mirror.';
    throw new AntipodeError('not_found', 'finding a mirror', {}, { hint });
  }

  /** The path may come with its slash, encoded or not. */
  @Get('repos/*name/mirrors')
  @ForAll()
  async mirrorsOf(
    @CurrentViewer() viewer: Viewer,
    @Param('name') name: string | string[],
    @Query() query: unknown,
  ): Promise<Page<object>> {
    const found = await this.find(viewer, name);
    const listed = this.mirrors.list(viewer).filter(({ url }) => url !== null);
    const described = listed.map((mirror) => ({
      mirrorServer: describe(mirror),
      links: { self: [{ href: this.linkTo(mirror, found) }] },
    }));
    return pageOf(described, query);
  }

  @Get(['mirrorRepos/*name', 'upstreamServers/:upstream/repos/*name'])
  @ForAll()
  async mirrored(
    @CurrentViewer() viewer: Viewer,
    @Param('name') name: string | string[],
    @Query('jwt') signature: unknown,
  ): Promise<object> {
    const found = await this.find(viewer, name, signature);
    const [own] = this.mirrors.list(viewer);
    return mirroredRepository(found, own?.name ?? '');
  }

  @Get(['progress', 'upstreamServers/:upstream/progress'])
  @ForAll()
  async overall(@CurrentViewer() viewer: Viewer): Promise<object> {
    const { discovering, repositories } = await this.progress.read(await this.viewers.sightOf(viewer));
    return { discovering, syncedRepos: repositories.synced, totalRepos: repositories.total };
  }

  private async find(
    viewer: Viewer,
    name: string | string[],
    signature?: unknown,
  ): Promise<RepositoryAnswer> {
    const text = [name].flat().join('/');
    const isSigned = isSignedLink(text, signature, this.config.SECRET_KEY);
    const signed: Sight = { all: false, ids: new Set([text]) };
    return this.repositories.find(text, isSigned ? signed : await this.viewers.sightOf(viewer));
  }

  /** On the mirror itself. Ours says to whoever has no credential with it that they may look; a sibling's asks for theirs. */
  private linkTo(mirror: ListedMirror, repository: RepositoryAnswer): string {
    const link = `${mirror.url}/rest/mirroring/latest/mirrorRepos/${repository.id}`;
    if (!mirror.self || repository.public) return link;
    return `${link}?jwt=${signLink(repository.id, this.config.SECRET_KEY)}`;
  }
}

const describe = (mirror: ListedMirror): object => mirrorServer(mirror, 'SINGLE');
