import type { IncomingMessage, ServerResponse } from 'node:http';
import { All, Controller, NotFoundException, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AntipodeError } from '@antipode/errors';
import { Pages } from './pages.js';

/** Programs are answered as programs, whatever is not there. */
const OF_PROGRAMS = /^\/-\/(api|webhooks|assets)(\/|$|\?)/;

/** Whatever no other controller has: the last of all. */
@ApiExcludeController()
@Controller('-')
export class UnknownPagesController {
  constructor(private readonly pages: Pages) {}

  @All('*path')
  async show(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    if (OF_PROGRAMS.test(request.url ?? ''))
      throw new NotFoundException(`Cannot ${request.method} ${request.url?.split('?', 1)[0]}`);
    await this.pages.show([request, response], 'anybody', () => {
      throw new AntipodeError('not_found', 'opening a page');
    });
  }
}
