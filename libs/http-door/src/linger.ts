import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const LINGER_MS = 3000;

/**
 * Closes a connection whose client may still be sending, so that it can read what was sent to it.
 *
 * A socket that is closed with bytes unread resets the connection, and a reset throws away the answer that the
 * client has not read yet (RFC 9112 §9.6). So we stop sending first, and drop what still comes for a moment.
 */
export function lingerAndClose(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** Makes this answer the last one of its connection although the client may still be sending. */
export function closeAfter(response: ServerResponse): void {
  const { socket } = response;
  response.shouldKeepAlive = false;
  if (!socket) return;
  // Node calls this when the answer is sent; by then it discards the rest of the request itself.
  socket.destroySoon = () => lingerAndClose(socket);
}
