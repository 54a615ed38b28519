import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { CONFIG, type RegistryConfig } from '../config.js';

/** Lets in whoever shows the admin token. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(@Inject(CONFIG) private readonly config: RegistryConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const { ADMIN_TOKEN } = this.config;
    if (ADMIN_TOKEN === undefined) {
      throw new AntipodeError(
        'denied',
        'entering the API',
        {},
        { hint: 'The API is closed: no ADMIN_TOKEN is set.' },
      );
    }
    const { authorization = '' } = context.switchToHttp().getRequest<IncomingMessage>().headers;
    const [, token] = /^Bearer ([^\s]{1,512})$/i.exec(authorization) ?? [];
    if (token !== undefined && isSame(token, ADMIN_TOKEN)) return true;
    throw new AntipodeError(
      'unauthenticated',
      'entering the API',
      {},
      { hint: 'Send "Authorization: Bearer <admin token>".' },
    );
  }
}

/** In constant time, for texts of any length. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
