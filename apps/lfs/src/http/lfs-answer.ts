import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { AntipodeError, Code } from '@antipode/errors';
import { LFS_MEDIA_TYPE } from '@antipode/lfs-wire';

/**
 * Statuses on links to bytes, for git-lfs 3.x (tq/basic_download.go, tq/basic_upload.go, lfshttp/errors.go):
 *
 * - every status of 400 and more on a download or an upload makes the client ask the batch endpoint again, up to eight
 *   times, and use the new link; so an expired ticket, an absent object and a primary that is away need no more than an
 *   honest status: where asking again helps it is done, and where not, the batch answers with the sentence that ends it;
 * - 422 on an upload is not tried again: the bytes are wrong and will be;
 * - 429 without Retry-After makes the client crash;
 * - 401 makes it ask for credentials and, in older versions, repeat for ever: it must never be sent here.
 */
const STATUS: Record<Code, number> = {
  invalid: 422,
  unauthenticated: 403,
  denied: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unsupported: 501,
  too_many_failures: 429,
  not_connected: 503,
  busy: 503,
  timed_out: 504,
  // The client is gone; nobody reads it.
  cancelled: 499,
  primary_unavailable: 503,
  primary_limited: 429,
  primary_misbehaved: 502,
  service_unavailable: 503,
  mirror_damaged: 503,
  disk_full: 507,
  internal: 500,
};

const SENTENCES: Record<Code, string> = {
  invalid: 'The request does not fit the link that it came by.',
  unauthenticated: 'The primary does not take this link. Ask for it again: git lfs pull, or git lfs push.',
  denied: 'This link is not good any more. Ask for it again: git lfs pull, or git lfs push.',
  not_found: 'There is no such object here, and none at the primary.',
  conflict: 'Something else changed this at the same moment. Try again.',
  too_large: 'The request is larger than it may be.',
  unsupported: 'This is not done with a link to an LFS object.',
  too_many_failures: 'Too many failed attempts. Wait a minute, then try again.',
  not_connected: 'This mirror is not connected to its primary yet. Its administrator can connect it.',
  busy: 'This mirror is busy. Try again in a few seconds.',
  timed_out: 'The request took too long. Try again.',
  cancelled: 'The request was given up.',
  primary_unavailable:
    'This object is not on the mirror yet, and the primary cannot be reached. Try again later.',
  primary_limited: 'The primary answers this mirror with "too many requests". Try again in a minute.',
  primary_misbehaved: 'The primary gave other bytes, or none, for this object. Try again later.',
  service_unavailable: 'A part of this mirror cannot be reached. Try again in a few seconds.',
  mirror_damaged: 'This mirror is damaged. Try again later.',
  disk_full: "This mirror's disk is full. Its administrator has to make room.",
  internal: 'Something went wrong in this mirror. Try again; its administrator finds the reason in the log.',
};

const RETRY_AFTER_SECONDS = 10;

/** An error of the LFS API: what git-lfs shows is `message`. Spec: git-lfs docs/api/batch.md, "Response Errors". */
export interface LfsRefusal {
  readonly status: number;
  readonly message: string;
  readonly retryAfter?: string | undefined;
}

export function refusalOf({ code, hint, context }: AntipodeError): LfsRefusal {
  const retryAfter = context['retryAfter'];
  return {
    status: STATUS[code],
    message: hint ?? SENTENCES[code],
    retryAfter: typeof retryAfter === 'string' && retryAfter !== '' ? retryAfter : undefined,
  };
}

/** @returns the id under which the log knows this answer. */
export function sendRefusal(response: ServerResponse, refusal: LfsRefusal): string {
  const requestId = randomUUID();
  const { status, message } = refusal;
  const body = Buffer.from(`${JSON.stringify({ message, request_id: requestId })}\n`);
  const wants = status === 429 || status === 503;
  response.writeHead(status, {
    'Content-Type': LFS_MEDIA_TYPE,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    ...(wants ? { 'Retry-After': refusal.retryAfter ?? String(RETRY_AFTER_SECONDS) } : {}),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
  return requestId;
}
