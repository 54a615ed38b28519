import type { IncomingMessage, ServerResponse } from 'node:http';
import { All, Controller, Get, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { ConnectionService } from '../connection/connection.service.js';
import { ConnectionStore } from '../connection/connection.store.js';
import { ConnectionView } from '../connection/connection-view.js';
import { Progress } from '../events/progress.js';
import { CurrentViewer } from '../people/current-viewer.js';
import { isAdministrator, type Viewer } from '../people/viewer.js';
import { ForAccess, ViewerGuard } from '../people/viewer.guard.js';
import { Viewers } from '../people/viewers.js';
import { Neighbours } from '../rest/neighbours.js';
import { DataCenterFilter, writeErrors } from './data-center.filter.js';

/** What a load balancer of Data Center's mirrors asks: 503 until the mirror knows what it mirrors. */
@ApiExcludeController()
@UseFilters(DataCenterFilter)
@Controller('status')
export class OutsideStatusController {
  constructor(
    private readonly connection: ConnectionStore,
    private readonly neighbours: Neighbours,
    private readonly progress: Progress,
    private readonly view: ConnectionView,
    private readonly viewers: Viewers,
  ) {}

  @Get()
  @UseGuards(ViewerGuard)
  @ForAccess('viewers')
  async status(@CurrentViewer() viewer: Viewer, @Res() response: ServerResponse): Promise<void> {
    const row = await this.connection.read();
    const { state } = this.view.describe(row);
    const whole = await this.progress.read({ all: true });
    const { synced, total } = await this.count(viewer);
    const isKnown = (state === 'connected' || state === 'suspended') && row.sweptAt !== null;
    const isSynchronized = whole.percent === 100 && !whole.discovering;
    const known = isSynchronized ? 'SYNCHRONIZED' : 'METADATA_SYNCHRONIZED';
    const body = {
      state: isKnown ? known : 'INITIALIZING',
      memberCount: isAdministrator(viewer) ? String((await this.neighbours.nodes()).length) : '1',
      discovering: whole.discovering,
      // A load balancer reads the state alone; how many there are is not everybody's business.
      syncedRepos: synced,
      totalRepos: total,
    };
    write(response, isKnown ? 200 : 503, body);
  }

  /** A load balancer in a network that must sign in is told how the mirror is, and of no repository. */
  private async count(viewer: Viewer): Promise<{ synced: number; total: number }> {
    if (viewer.kind === 'anonymous' && viewer.mustSignIn) return { synced: 0, total: 0 };
    return (await this.progress.read(await this.viewers.sightOf(viewer))).repositories;
  }
}

/** Everything else under /rest: tools that take a mirror for the primary hear where that is, in a form that they read. */
@ApiExcludeController()
@Controller('rest')
export class UnknownRestController {
  constructor(private readonly connection: ConnectionService) {}

  @All(['', '*path'])
  unknown(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    const { displayName } = this.connection.primary;
    const message = `This is a mirror of ${displayName}, and has no such REST resource. Ask ${displayName} for it.`;
    // A body that nobody reads must not keep the connection.
    request.resume();
    write(response, 404, writeErrors(message));
  }
}

function write(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
