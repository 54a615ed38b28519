import { closeAfter } from '@antipode/http-door';
import type { Visit } from '../session/visit.js';
import type { Exchange } from './exchange.js';
import { refuseLfs } from './lfs-refusal.js';
import { refuse, sendBytesAs } from './respond.js';

const STATUS = 403;

/** Says it as whoever asks reads it: git and browsers text, git-lfs its JSON, users of the API a problem (RFC 9457). */
export function refuseNetwork(
  { request, response, route }: Omit<Exchange, 'knock'>,
  visit: Visit,
  sentence: string,
): void {
  if (route.name.startsWith('lfs_')) return refuseLfs(response, visit, { status: STATUS, sentence });
  if (!request.complete) closeAfter(response);
  if (!/^\/(?:-\/api\/|rest\/)/.test(request.url ?? ''))
    return refuse(response, { status: STATUS, sentence });
  const problem = {
    type: 'urn:antipode:problem:denied',
    title: 'This is not allowed',
    status: STATUS,
    code: 'denied',
    detail: sentence,
  };
  sendBytesAs(response, STATUS, 'application/problem+json', Buffer.from(`${JSON.stringify(problem)}\n`));
}
