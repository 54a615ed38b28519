import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { MirrorStatus, type StatusAnswer } from './mirror-status.js';
import { AdminRoute } from './openapi.js';
import { statusSchema } from './schemas.js';

@ApiTags('status')
@Controller('-/api/v1/status')
export class StatusController {
  constructor(private readonly mirror: MirrorStatus) {}

  @Get()
  @AdminRoute({ summary: 'Shows how the mirror is doing', answer: statusSchema })
  status(): Promise<StatusAnswer> {
    return this.mirror.read();
  }
}
