import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AntipodeError } from '@antipode/errors';
import { DiscoveryService } from '../../discovery/discovery.service.js';
import { Removals } from '../../discovery/removals.js';
import { Pages } from '../pages.js';

/** An administrator's word for removals that were too many to be believed. */
@ApiExcludeController()
@Controller('-/removals')
export class RemovalsPageController {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly pages: Pages,
    private readonly removals: Removals,
  ) {}

  @Post()
  confirm(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.submit([request, response], 'administrators', async ({ by }, form) => {
      const [count] = /^\d{1,9}$/.exec(form.get('count') ?? '') ?? [];
      if (count === undefined) throw new AntipodeError('invalid', 'reading a number of removals');
      await this.removals.agree(Number(count), by);
      this.discovery.sweepSoon('full');
      return { location: '/-/' };
    });
  }
}
