import type { Code } from '@antipode/errors';

/** Which status a failure has at this door. */
export const HTTP_STATUS: Record<Code, number> = {
  invalid: 400,
  unauthenticated: 401,
  denied: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unsupported: 422,
  too_many_failures: 429,
  not_connected: 409,
  busy: 503,
  timed_out: 504,
  cancelled: 499,
  primary_unavailable: 502,
  primary_limited: 503,
  primary_misbehaved: 502,
  service_unavailable: 503,
  mirror_damaged: 500,
  disk_full: 507,
  internal: 500,
};

/** A short title per code; `detail` says more where there is more to say. */
export const TITLE: Record<Code, string> = {
  invalid: 'The request is not valid',
  unauthenticated: 'A valid credential is needed',
  denied: 'This is not allowed',
  not_found: 'Not found',
  conflict: 'The state is another by now',
  too_large: 'The request is too large',
  unsupported: 'This mirror cannot do that',
  too_many_failures: 'Too many requests or failures',
  not_connected: 'The mirror is not connected',
  busy: 'Busy; try again soon',
  timed_out: 'It took too long',
  cancelled: 'Cancelled',
  primary_unavailable: 'The primary does not answer',
  primary_limited: 'The primary limits our requests',
  primary_misbehaved: 'The primary answered what it should not',
  service_unavailable: 'A part of the mirror does not answer',
  mirror_damaged: 'A mirror repository is damaged',
  disk_full: 'The disk is full',
  internal: 'Something went wrong here',
};

/** An RFC 9457 problem. `code` is ours and stable; `detail` is for people. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: Code;
  readonly detail?: string;
  /** What is wrong with the request, one sentence each. */
  readonly problems?: readonly string[];
}

export function writeProblem(
  code: Code,
  more: { detail?: string | undefined; problems?: readonly string[] | undefined; status?: number } = {},
): Problem {
  return {
    type: `urn:antipode:problem:${code}`,
    title: TITLE[code],
    status: more.status ?? HTTP_STATUS[code],
    code,
    ...(more.detail === undefined ? {} : { detail: more.detail }),
    ...(more.problems === undefined ? {} : { problems: more.problems }),
  };
}
