import type { IncomingMessage } from 'node:http';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { RequestLimits } from './request-limits.js';
import { ANONYMOUS } from './viewer.js';

/** Of routes that ask nobody who they are: all are somebody unknown. */
@Injectable()
export class LimitGuard implements CanActivate {
  constructor(private readonly limits: RequestLimits) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.limits.admit(ANONYMOUS, context.switchToHttp().getRequest<IncomingMessage>());
    return true;
  }
}
