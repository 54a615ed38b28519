import { lingerAndClose } from '@antipode/http-door';
import type { ServerResponse } from 'node:http';

/** Ends a connection in the middle of its answer: no client takes it for whole, and what was sent arrives. */
export function breakOff(response: ServerResponse): void {
  const { socket } = response;
  if (!socket || socket.destroyed || !response.headersSent) return void response.destroy();
  response.req.resume();
  lingerAndClose(socket);
}
