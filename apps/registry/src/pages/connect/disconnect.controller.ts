import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AntipodeError } from '@antipode/errors';
import { CONFIG, type RegistryConfig } from '../../config.js';
import { ConnectService } from '../../connection/connect.service.js';
import { ConnectionService } from '../../connection/connection.service.js';
import { RepositoriesStore } from '../../repositories/repositories.store.js';
import { Pages } from '../pages.js';
import type { Answer, Visit } from '../visit.js';
import { disconnectPage } from './disconnect.page.js';

/** Removing the mirror in the browser: what happens is told first, and the workspace's name is typed. */
@ApiExcludeController()
@Controller('-/disconnect')
export class DisconnectController {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly connect: ConnectService,
    private readonly connection: ConnectionService,
    private readonly pages: Pages,
    private readonly repositories: RepositoriesStore,
  ) {}

  @Get()
  warn(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.show([request, response], 'administrators', (visit) => this.warning(visit));
  }

  @Post()
  end(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.submit([request, response], 'administrators', async (visit, form) => {
      const workspace = await this.connection.workspace();
      if (workspace === '' || form.get('confirm')?.trim().toLowerCase() !== workspace)
        return this.warning(visit, 'The name that you typed is not the workspace’s. Nothing was changed.');
      await this.connect.disconnect(form.get('data') === 'now' ? 'now' : 'kept', visit.by);
      return { location: '/-/' };
    });
  }

  private async warning({ csrf }: Visit, problem?: string): Promise<Answer> {
    const workspace = await this.connection.workspace();
    if (this.connection.isBySettings || workspace === '') throw cannotDisconnect(workspace);
    return disconnectPage({
      csrf,
      workspace,
      primaryName: this.connection.primary.displayName,
      repositories: await this.repositories.activeCount(),
      graceHours: this.config.GRACE_HOURS,
      ...(problem === undefined ? {} : { problem }),
    });
  }
}

const cannotDisconnect = (workspace: string): AntipodeError =>
  new AntipodeError(
    'conflict',
    'disconnecting',
    {},
    {
      hint:
        workspace === ''
          ? 'The mirror is not connected.'
          : 'This connection comes from the settings of the mirror (PRIMARY_WORKSPACE, PRIMARY_TOKEN_FILE). Change them there.',
    },
  );
