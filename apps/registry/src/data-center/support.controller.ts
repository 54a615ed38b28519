import { Controller, Get, Inject, Param, Query, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AntipodeError } from '@antipode/errors';
import { CONFIG, type RegistryConfig } from '../config.js';
import { DataCenterFilter } from './data-center.filter.js';
import { MIRRORING } from './mirroring.controller.js';
import { readPage, writePage, type Page } from './page.js';
import { upstreamOf } from './shapes.js';
import { SyncStatus } from './sync-status.js';
import { ForAdministrators } from './upstream.controller.js';

/** What Data Center's support tools ask a mirror, so far as we know it. */
@ApiExcludeController()
@UseFilters(DataCenterFilter)
@Controller(MIRRORING)
export class SupportController {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly syncStatus: SyncStatus,
  ) {}

  @Get('supportInfo/repoSyncStatus')
  @ForAdministrators()
  async syncStatuses(@Query() query: unknown): Promise<Page<object>> {
    const { start, limit } = readPage(query);
    const found = await this.syncStatus.list(upstreamOf(this.config).id, { start, limit: limit + 1 });
    return writePage(found, { start, limit });
  }

  @Get('supportInfo/projects/:key/repos/:slug/repoSyncStatus')
  @ForAdministrators()
  async syncStatusOf(@Param('key') key: string, @Param('slug') slug: string): Promise<object> {
    const found = await this.syncStatus.find(upstreamOf(this.config).id, key, slug);
    if (found) return found;
    const hint = 'There is no such mirrored repository.';
    throw new AntipodeError('not_found', 'finding a repository', {}, { hint });
  }
}
