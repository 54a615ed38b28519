import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AdminRoute } from '../rest/openapi.js';
import { connectionSchema } from '../rest/schemas.js';
import { ConnectionStore } from './connection.store.js';
import { ConnectionView, type ConnectionAnswer } from './connection-view.js';

@ApiTags('connection')
@Controller('-/api/v1/connection')
export class ConnectionController {
  constructor(
    private readonly store: ConnectionStore,
    private readonly view: ConnectionView,
  ) {}

  @Get()
  @AdminRoute({ summary: "Shows the mirror's tie to the primary", answer: connectionSchema })
  async show(): Promise<ConnectionAnswer> {
    return this.view.describe(await this.store.read());
  }
}
