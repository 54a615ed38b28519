import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AntipodeError } from '@antipode/errors';
import { AccountConnection } from '../../connection/account-connection.js';
import { ConnectionService } from '../../connection/connection.service.js';
import { ConnectionStore } from '../../connection/connection.store.js';
import { isLiving } from '../../connection/connection-phase.js';
import { Viewers } from '../../people/viewers.js';
import { hostOf } from '../host.js';
import { Pages } from '../pages.js';
import type { Answer, Visit } from '../visit.js';
import { chooseWorkspacePage, connectSignInPage, reviewConnectPage } from './connect.page.js';

/** Connecting in the browser; the rules are those of the service. */
@ApiExcludeController()
@Controller('-')
export class ConnectController {
  constructor(
    private readonly byAccount: AccountConnection,
    private readonly connection: ConnectionService,
    private readonly pages: Pages,
    private readonly store: ConnectionStore,
    private readonly viewers: Viewers,
  ) {}

  @Get('connect')
  choose(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.show([request, response], 'anybody', (visit) => this.chosen(visit));
  }

  @Post('connect')
  begin(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.submit([request, response], 'anybody', async (_, form) => {
      await this.byAccount.connectTo(request, readWorkspace(form.get('workspace') ?? ''));
      return { location: '/-/projects' };
    });
  }

  private async chosen({ request, url, csrf }: Visit): Promise<Answer> {
    const host = hostOf(this.connection.primary);
    const person = await this.viewers.personOf(request);
    if (!person) return connectSignInPage(csrf, host);
    const wanted = url.searchParams.get('workspace');
    const row = await this.store.read();
    const keptWorkspace = isLiving(row.phase) ? null : row.workspace;
    if (wanted === null)
      return chooseWorkspacePage({
        csrf,
        host,
        person: person.displayName,
        offers: await this.byAccount.offers(request),
        keptWorkspace,
      });
    const preview = await this.byAccount.preview(request, readWorkspace(wanted));
    return reviewConnectPage({
      csrf,
      host,
      preview,
      keptWorkspace,
    });
  }
}

/** @throws AntipodeError `invalid` for what cannot be a workspace's name. */
function readWorkspace(text: string): string {
  if (/^[A-Za-z0-9_-]{1,128}$/.test(text)) return text.toLowerCase();
  const hint = 'That is no workspace’s name: it is what stands in its URL.';
  throw new AntipodeError('invalid', 'reading a workspace', {}, { hint });
}
