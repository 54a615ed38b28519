import type { IncomingMessage, ServerResponse } from 'node:http';

/** Asks a client that waits to be asked (`Expect: 100-continue`) for its request's body. RFC 9110 §10.1.1. */
export function letContinue(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
}
