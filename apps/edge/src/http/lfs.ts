import type { ServerResponse } from 'node:http';
import { sendBytesAs } from './respond.js';

/** git-lfs shows `message`; 501 is a status that it takes for "this server cannot" and does not repeat. */
export function refuseLfs(response: ServerResponse): void {
  const message =
    'This mirror does not serve LFS objects yet. Set lfs.url to the LFS server of your primary.';
  sendBytesAs(response, 501, 'application/vnd.git-lfs+json', Buffer.from(`${JSON.stringify({ message })}\n`));
}
