import {
  applyDecorators,
  Controller,
  Get,
  Header,
  Inject,
  Param,
  Query,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AntipodeError } from '@antipode/errors';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionStore } from '../connection/connection.store.js';
import { ConnectionView } from '../connection/connection-view.js';
import { ForAccess, ViewerGuard } from '../people/viewer.guard.js';
import { Neighbours } from '../rest/neighbours.js';
import { SelectionService } from '../selection/selection.service.js';
import { DataCenterFilter } from './data-center.filter.js';
import { MIRRORING } from './mirroring.controller.js';
import { pageOf, type Page } from './page.js';
import { UPSTREAM_STATE, upstreamOf } from './shapes.js';

export const ForAdministrators = (): MethodDecorator =>
  applyDecorators(UseGuards(ViewerGuard), ForAccess('administrators'));

/** The mirror's tie to its primary, and what it mirrors, as scripts for Data Center's mirrors read it; nothing is changed. */
@ApiExcludeController()
@UseFilters(DataCenterFilter)
@Controller(MIRRORING)
export class UpstreamController {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly connection: ConnectionStore,
    private readonly neighbours: Neighbours,
    private readonly selection: SelectionService,
    private readonly view: ConnectionView,
  ) {}

  @Get('upstreamServer')
  @ForAdministrators()
  async upstream(): Promise<object> {
    const { state } = this.view.describe(await this.connection.read());
    return { ...upstreamOf(this.config), state: UPSTREAM_STATE[state] };
  }

  @Get('upstreamServers')
  @ForAdministrators()
  async upstreams(@Query() query: unknown): Promise<Page<object>> {
    return pageOf([await this.upstream()], query);
  }

  @Get('upstreamServers/:upstream')
  @ForAdministrators()
  async one(@Param('upstream') id: string): Promise<object> {
    if (id === upstreamOf(this.config).id) return this.upstream();
    const hint = 'There is no such upstream server.';
    throw new AntipodeError('not_found', 'finding an upstream server', {}, { hint });
  }

  @Get('farmNodes')
  @ForAdministrators()
  async nodes(): Promise<object[]> {
    const nodes = await this.neighbours.nodes();
    return nodes.map(({ name }) => ({ id: name, name, local: false, buildVersion: 'Antipode' }));
  }

  @Get(['syncSettings', 'upstreamServers/:upstream/settings'])
  @ForAdministrators()
  async settings(): Promise<object> {
    return { mode: await this.mode(), projectIds: await this.projects() };
  }

  /** A bare string. */
  @Get(['syncSettings/mode', 'upstreamServers/:upstream/settings/mode'])
  @Header('content-type', 'application/json')
  @ForAdministrators()
  async modeAlone(): Promise<string> {
    return JSON.stringify(await this.mode());
  }

  @Get(['syncSettings/projects', 'upstreamServers/:upstream/settings/projects'])
  @ForAdministrators()
  async projects(): Promise<string[]> {
    const chosen = await this.selection.read();
    return chosen.all ? [] : [...chosen.projectKeys];
  }

  private async mode(): Promise<string> {
    return (await this.selection.read()).all ? 'ALL_PROJECTS' : 'SELECTED_PROJECTS';
  }
}
