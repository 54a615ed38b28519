import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { By, type Initiator } from '../audit/initiator.js';
import { AdminRoute } from '../rest/openapi.js';
import { acceptedSchema, confirmRemovalsSchema } from '../rest/schemas.js';
import { validate } from '../rest/validate.js';
import { DiscoveryService } from './discovery.service.js';
import { Removals } from './removals.js';

@ApiTags('status')
@Controller('-/api/v1/removals')
export class RemovalsController {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly removals: Removals,
  ) {}

  @Post('confirm')
  @HttpCode(202)
  @AdminRoute({
    summary:
      'Agrees to the removals that a sweep has suspended; names their number, so that nobody agrees to more than was seen',
    body: confirmRemovalsSchema,
    status: 202,
    answer: acceptedSchema,
    problems: [400, 409],
  })
  async confirm(@Body() body: unknown, @By() by: Initiator): Promise<z.infer<typeof acceptedSchema>> {
    await this.removals.agree(validate(confirmRemovalsSchema, body).count, by);
    this.discovery.sweepSoon('full');
    return { accepted: true };
  }
}
