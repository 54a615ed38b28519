import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { viewerOf } from '../people/current-viewer.js';
import { nameOf, type Viewer } from '../people/viewer.js';

/** Who asked for a change, and from where. */
export interface Initiator {
  readonly actor: string;
  /** The client's address; absent where it was no client of ours. */
  readonly address?: string;
}

/** What the mirror does by itself. */
export const MIRROR: Initiator = { actor: 'mirror' };

/** The initiator of a request that a guard has let in. */
export const By = createParamDecorator((_: unknown, context: ExecutionContext): Initiator => {
  const request = context.switchToHttp().getRequest<IncomingMessage>();
  return initiatorOf(viewerOf(request), request);
});

/** A person by name and id, or "bootstrap token". */
export const initiatorOf = (viewer: Viewer, request: IncomingMessage): Initiator => ({
  actor: nameOf(viewer),
  ...addressOf(request),
});

/**
 * The client's address. The edge, which alone passes requests on to us, writes `X-Forwarded-For` anew; without it the
 * caller is our neighbour itself.
 */
export function addressOf(request: IncomingMessage): { address?: string } {
  const told = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  const address = told && isIP(told) > 0 ? told : request.socket.remoteAddress;
  return address === undefined ? {} : { address };
}
