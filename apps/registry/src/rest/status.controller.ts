import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentViewer } from '../people/current-viewer.js';
import { isAdministrator, type Viewer } from '../people/viewer.js';
import { Viewers } from '../people/viewers.js';
import { MirrorStatus, type PublicStatus, type StatusAnswer } from './mirror-status.js';
import { ViewerRoute } from './openapi.js';
import { publicStatusSchema, statusSchema } from './schemas.js';

@ApiTags('status')
@Controller('-/api/v1/status')
export class StatusController {
  constructor(
    private readonly mirror: MirrorStatus,
    private readonly viewers: Viewers,
  ) {}

  @Get()
  @ViewerRoute({
    summary: 'Shows how the mirror is doing: all of it to administrators, to others what they may see',
    answer: z.union([statusSchema, publicStatusSchema]),
  })
  async status(@CurrentViewer() viewer: Viewer): Promise<StatusAnswer | PublicStatus> {
    return isAdministrator(viewer)
      ? this.mirror.read()
      : this.mirror.readFor(await this.viewers.sightOf(viewer));
  }
}
