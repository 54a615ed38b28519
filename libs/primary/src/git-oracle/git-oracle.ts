import { request, type Dispatcher } from 'undici';
import { AntipodeError } from '@antipode/errors';
import type { GitService } from '@antipode/domain';
import { connectionError, isStaleConnection } from '../http/connection-error.js';
import { isSendable } from '../http/is-sendable.js';
import { readBounded } from '../http/read-bounded.js';
import { USER_AGENT } from '../http/request-headers.js';
import type { AccessQuestion, Verdict } from '../primary.js';
import { judgeRefusal } from './judge-refusal.js';

export interface GitOracleOptions {
  readonly agent: Dispatcher;
  readonly timeoutMs: number;
}

const SERVICE: Record<AccessQuestion['right'], GitService> = {
  read: 'git-upload-pack',
  write: 'git-receive-pack',
};
const REFUSAL_TEXT_BYTES = 1024;
const UNREAD_BODY_BYTES = 64 * 1024;
const DOING = 'asking the primary for access';

/**
 * Asks a host's own git endpoint whether a caller may use a repository: the answer is exactly the host's, for every
 * kind of credential that it takes. gitprotocol-http(5), "Smart Server Response"; only the status and type matter.
 *
 * Redirects are not followed: they could walk the caller's credential to another host.
 */
export async function askGit(
  question: AccessQuestion & { readonly url: string },
  options: GitOracleOptions,
  signal?: AbortSignal,
): Promise<Verdict> {
  const { authorization } = question;
  // A credential that no header can carry is one that no host knows.
  if (authorization !== undefined && !isSendable(authorization)) return { kind: 'unauthenticated' };
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    return await judge(await send(question, options.agent, either), question, options.timeoutMs);
  } catch (error) {
    throw error instanceof AntipodeError ? error : connectionError(error, DOING, signal);
  }
}

async function send(
  question: AccessQuestion & { readonly url: string },
  agent: Dispatcher,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const { url, right, authorization } = question;
  const ask = (): Promise<Dispatcher.ResponseData> =>
    request(`${url}/info/refs?service=${SERVICE[right]}`, {
      dispatcher: agent,
      signal,
      headers: {
        'user-agent': USER_AGENT,
        accept: '*/*',
        // Version 2 answers with a few hundred bytes; version 0 with every ref. receive-pack has no version 2.
        ...(right === 'read' ? { 'git-protocol': 'version=2' } : {}),
        ...(authorization === undefined ? {} : { authorization }),
      },
    });
  try {
    return await ask();
  } catch (error) {
    if (isStaleConnection(error) && !signal.aborted) return ask();
    throw error;
  }
}

async function judge(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  question: AccessQuestion,
  timeoutMs: number,
): Promise<Verdict> {
  const type = String(headers['content-type'] ?? '');
  if (statusCode === 403) {
    const { bytes } = await readBounded(body, REFUSAL_TEXT_BYTES);
    return judgeRefusal(type, bytes.toString('utf8'));
  }
  // Read a little to keep the connection; the verdict does not wait for it.
  void body.dump({ limit: UNREAD_BODY_BYTES, signal: AbortSignal.timeout(timeoutMs) }).catch(() => undefined);
  if (statusCode === 200 && isAdvertisement(type, question.right)) return { kind: 'allowed' };
  if (statusCode === 401) return { kind: 'unauthenticated' };
  if (statusCode === 404 || statusCode === 410) return { kind: 'not_found' };
  throw noVerdict(statusCode, headers);
}

/** A login page or a captive portal also says 200; only git's own type is a yes. */
const isAdvertisement = (type: string, right: AccessQuestion['right']): boolean =>
  type.split(';')[0]?.trim().toLowerCase() === `application/x-${SERVICE[right]}-advertisement`;

function noVerdict(status: number, headers: Dispatcher.ResponseData['headers']): AntipodeError {
  const retryAfter = String(headers['retry-after'] ?? '');
  if (status === 429) return new AntipodeError('primary_limited', DOING, { status, retryAfter });
  if (status >= 500) return new AntipodeError('primary_unavailable', DOING, { status, retryAfter });
  return new AntipodeError('primary_misbehaved', DOING, { status });
}
