import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ANONYMOUS, type Viewer } from './viewer.js';

const noted = new WeakMap<IncomingMessage, Viewer>();

/** The guard's word; what has met no guard is nobody's. */
export const viewerOf = (request: IncomingMessage): Viewer => noted.get(request) ?? ANONYMOUS;

export const noteViewer = (request: IncomingMessage, viewer: Viewer): void => void noted.set(request, viewer);

/** Whom a guard has let in. */
export const CurrentViewer = createParamDecorator((_: unknown, context: ExecutionContext): Viewer =>
  viewerOf(context.switchToHttp().getRequest<IncomingMessage>()),
);
