import type { IncomingMessage } from 'node:http';
import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { noteViewer } from './current-viewer.js';
import { RequestLimits } from './request-limits.js';
import { Viewers } from './viewers.js';

/**
 * Whom a route lets in. `persons`: whoever is known, also in a browser that has shown the admin token. `viewers`: anybody;
 * the answer shows what each may see.
 */
export type Access = 'administrators' | 'members' | 'persons' | 'viewers';

const ACCESS = 'antipode:access';

export const ForAccess = (access: Access): MethodDecorator => SetMetadata(ACCESS, access);

/** Finds out who asks, and lets in whom the route is for. */
@Injectable()
export class ViewerGuard implements CanActivate {
  constructor(
    private readonly limits: RequestLimits,
    private readonly reflector: Reflector,
    private readonly viewers: Viewers,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    const viewer = await this.viewers.of(request);
    await this.limits.admit(viewer, request);
    noteViewer(request, await this.admit(request, access));
    this.viewers.requireOwnPage(request);
    return true;
  }

  private admit(request: IncomingMessage, access: Access | undefined): ReturnType<Viewers['of']> {
    switch (access) {
      case 'viewers':
        return this.viewers.of(request);
      case 'persons':
        return this.viewers.requireSomebody(request);
      case 'members':
        return this.viewers.requireMember(request);
      // Whoever forgets to say for whom a route is has made it for administrators.
      case 'administrators':
      case undefined:
        return this.viewers.requireAdministrator(request);
    }
  }
}
