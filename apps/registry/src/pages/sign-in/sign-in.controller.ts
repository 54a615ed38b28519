import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { isAntipodeError } from '@antipode/errors';
import { ConnectionService } from '../../connection/connection.service.js';
import { AdminSessions } from '../../people/admin-sessions.js';
import { hostOf } from '../host.js';
import { Pages } from '../pages.js';
import { readReturn, type Answer, type Visit } from '../visit.js';
import { signInPage } from './sign-in.page.js';

/** Signing in with the admin token. With an account of the primary, it is auth's (`/-/link`). */
@ApiExcludeController()
@Controller('-')
export class SignInController {
  constructor(
    private readonly connection: ConnectionService,
    private readonly pages: Pages,
    private readonly sessions: AdminSessions,
  ) {}

  @Get('sign-in')
  show(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.show([request, response], 'anybody', (visit) =>
      this.page(visit, visit.url.searchParams.get('return')),
    );
  }

  @Post('sign-in')
  signIn(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.submit([request, response], 'anybody', (visit, form) => this.begin(visit, form));
  }

  @Post('sign-out')
  signOut(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    return this.pages.submit([request, response], 'anybody', async () => ({
      location: '/-/',
      cookie: await this.sessions.end(request),
    }));
  }

  private async begin(visit: Visit, form: URLSearchParams): Promise<Answer> {
    const back = form.get('return');
    try {
      const cookie = await this.sessions.begin(form.get('token') ?? '', visit.request);
      return { location: readReturn(back) ?? '/-/', cookie };
    } catch (error) {
      if (!isAntipodeError(error) || error.code !== 'unauthenticated') throw error;
      return this.page(visit, back, error.hint);
    }
  }

  private page({ csrf }: Visit, back: string | null, problem?: string): Answer {
    return signInPage({
      csrf,
      host: hostOf(this.connection.primary),
      back: readReturn(back) ?? '/-/',
      hasToken: this.sessions.isPossible,
      ...(problem === undefined ? {} : { problem }),
    });
  }
}
