import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { isLiving } from '../../connection/connection-phase.js';
import { isAdministrator } from '../../people/viewer.js';
import { Pages } from '../pages.js';
import type { Answer, Visit } from '../visit.js';
import { ConnectionReader } from './connection-reader.js';
import { OverviewReader } from './overview-reader.js';
import { overviewPage } from './overview.page.js';
import { unconnectedPage } from './unconnected.page.js';
import { WelcomeReader } from './welcome-reader.js';
import { welcomePage } from './welcome.page.js';

@ApiExcludeController()
@Controller('-')
export class HomeController {
  constructor(
    private readonly connection: ConnectionReader,
    private readonly overview: OverviewReader,
    private readonly pages: Pages,
    private readonly welcome: WelcomeReader,
  ) {}

  @Get()
  show(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.show([request, response], 'anybody', (visit) => this.home(visit));
  }

  private async home({ viewer, csrf }: Visit): Promise<Answer> {
    const connection = await this.connection.read();
    const summary = { viewer, csrf, connection };
    if (connection.state === 'unconnected') return unconnectedPage(summary);
    if (isAdministrator(viewer)) return overviewPage({ ...summary, ...(await this.overview.read(viewer)) });
    const seen = isLiving(connection.state)
      ? await this.welcome.read(viewer)
      : await this.welcome.nothing(viewer);
    return welcomePage({ ...summary, ...seen });
  }
}
