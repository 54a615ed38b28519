import type { ServerResponse } from 'node:http';

const LINGER_MS = 3000;

/**
 * Makes this answer the last one of its connection although the client may still be sending. A socket that is closed
 * with bytes unread resets the connection, and a reset throws away the answer (RFC 9112 §9.6): so what still comes is
 * dropped for a moment.
 */
export function closeAfter(response: ServerResponse): void {
  const { socket } = response;
  response.shouldKeepAlive = false;
  if (!socket) return;
  // Node calls this when the answer is sent; by then it discards the rest of the request itself.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  };
}
