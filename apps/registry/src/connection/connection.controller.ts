import type { IncomingMessage } from 'node:http';
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { By, type Initiator } from '../audit/initiator.js';
import { CurrentViewer } from '../people/current-viewer.js';
import type { Viewer } from '../people/viewer.js';
import { AdminRoute, PersonRoute } from '../rest/openapi.js';
import { connectAccountSchema, connectionSchema, connectSchema, disconnectQuery } from '../rest/schemas.js';
import { validate } from '../rest/validate.js';
import { DeliveriesStore } from '../webhooks/deliveries.store.js';
import { AccountConnection } from './account-connection.js';
import { ConnectService } from './connect.service.js';
import { ConnectionStore } from './connection.store.js';
import { ConnectionView, type ConnectionAnswer } from './connection-view.js';

@ApiTags('connection')
@Controller('-/api/v1/connection')
export class ConnectionController {
  constructor(
    private readonly byAccount: AccountConnection,
    private readonly connect: ConnectService,
    private readonly deliveries: DeliveriesStore,
    private readonly store: ConnectionStore,
    private readonly view: ConnectionView,
  ) {}

  @Get()
  @AdminRoute({ summary: "Shows the mirror's tie to the primary", answer: connectionSchema })
  async show(): Promise<ConnectionAnswer> {
    const { webhook, ...answer } = this.view.describe(await this.store.read());
    const lastDeliveryAt = (await this.deliveries.lastReceivedAt())?.toISOString() ?? null;
    return { ...answer, webhook: { ...webhook, lastDeliveryAt } };
  }

  @Put()
  @AdminRoute({
    summary:
      'Connects the mirror to a workspace, or replaces the credential; the primary is asked first. The webhook is created ' +
      'and discovery begins after the answer',
    body: connectSchema,
    answer: connectionSchema,
    problems: [400, 404, 409, 413, 502, 503],
  })
  async put(
    @Body() body: unknown,
    @By() by: Initiator,
    @CurrentViewer() viewer: Viewer,
  ): Promise<ConnectionAnswer> {
    const { workspace, token, email, username } = validate(connectSchema, body);
    const credential = {
      token,
      ...(email === undefined ? {} : { email }),
      ...(username === undefined ? {} : { username }),
    };
    // A person is an administrator of the workspace that it is connected to, and of nothing after that.
    const leave = viewer.kind === 'token' ? 'anywhere' : 'connected';
    await this.connect.connect(workspace.toLowerCase(), credential, { by, leave });
    return this.show();
  }

  @Post('account')
  @HttpCode(200)
  @PersonRoute({
    summary:
      'Connects the mirror to a workspace by the linked account of the caller, who has signed in and administers it; or lends that account ' +
      'to the connection that there is. While the mirror is not connected, CONNECT_WORKSPACES says who may; all others ' +
      'show the admin token in the same browser first',
    body: connectAccountSchema,
    answer: connectionSchema,
    problems: [400, 404, 409, 413],
  })
  async lend(@Body() body: unknown, @Req() request: IncomingMessage): Promise<ConnectionAnswer> {
    const { workspace } = validate(connectAccountSchema, body);
    await this.byAccount.connectTo(request, workspace);
    return this.show();
  }

  @Delete()
  @HttpCode(202)
  @AdminRoute({
    summary:
      'Disconnects the mirror: reads stop at once, webhook and credential are withdrawn soon, the data is deleted after a ' +
      'grace time, or with `now=true` at once',
    query: disconnectQuery,
    status: 202,
    answer: connectionSchema,
    problems: [400, 409],
  })
  async remove(@Query() query: unknown, @By() by: Initiator): Promise<ConnectionAnswer> {
    const { now } = validate(disconnectQuery, query);
    await this.connect.disconnect(now === 'true' ? 'now' : 'kept', by);
    return this.show();
  }
}
