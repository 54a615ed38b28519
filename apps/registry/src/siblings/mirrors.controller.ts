import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ConnectionService } from '../connection/connection.service.js';
import { CurrentViewer } from '../people/current-viewer.js';
import type { Viewer } from '../people/viewer.js';
import { OpenRoute, ViewerRoute } from '../rest/openapi.js';
import { Mirrors } from './mirrors.js';
import { healthSchema, mirrorsSchema } from './siblings-schemas.js';
import { ThisMirror } from './this-mirror.js';

@ApiTags('mirrors')
@Controller('-/api/v1')
export class MirrorsController {
  constructor(
    private readonly connection: ConnectionService,
    private readonly mirrors: Mirrors,
    private readonly self: ThisMirror,
  ) {}

  @Get('mirrors')
  @ViewerRoute({
    summary: 'Lists the mirrors of the workspace, this one first; whoever is no member sees this one alone',
    answer: mirrorsSchema,
  })
  list(@CurrentViewer() viewer: Viewer): z.infer<typeof mirrorsSchema> {
    return { values: this.mirrors.list(viewer) };
  }

  @Get('health')
  @OpenRoute({
    summary: 'Shows whether this mirror serves a workspace',
    answer: healthSchema,
    problems: [503],
  })
  async health(): Promise<z.infer<typeof healthSchema>> {
    const { name, region } = this.self;
    return { status: (await this.connection.isLiving()) ? 'ok' : 'unconnected', name, region };
  }
}
