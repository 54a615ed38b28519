import type { Readable } from 'node:stream';
import { Agent, request, type Dispatcher } from 'undici';
import type { RepositoryPath } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { judgeRefusal, type Primary } from '@antipode/primary';
import type { Admission } from './admission.js';
import type { Session } from './hallway.js';

export interface PassedRequest {
  readonly method: 'GET' | 'POST';
  /** Behind the repository's URL: "/info/refs?service=git-upload-pack". */
  readonly suffix: string;
  /** The caller's, from a closed list; without Authorization. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  readonly answerType: string;
}

/** A primary's good answer whose body has not been read yet. */
export interface PassedAnswer {
  readonly contentEncoding: string | undefined;
  readonly body: Readable;
  /** Must be called when the body is over, however it ended. */
  readonly leave: () => void;
}

export interface PassThroughOptions {
  readonly primary: Primary;
  readonly admission: Admission;
  readonly waitMs: number;
  readonly idleMs: number;
}

const CONNECT_TIMEOUT_MS = 5000;
const REFUSAL_BYTES = 1024;

/**
 * Relays one request to the primary with the caller's own credential.
 *
 * Fails before the first byte with an AntipodeError, so that the door can still answer; afterwards the body's
 * own error tells, and must reach the client as a broken connection.
 */
export class PassThrough {
  private readonly agent: Agent;

  constructor(private readonly options: PassThroughOptions) {
    this.agent = new Agent({
      // Admission bounds what runs; undici must not queue behind our back.
      connections: null,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: options.waitMs,
      bodyTimeout: options.idleMs,
      keepAliveTimeout: 30_000,
      maxHeaderSize: 32 * 1024,
    });
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /** @throws AntipodeError what the primary's status means; `primary_unavailable` where there is none; `busy`. */
  async relay(session: Session, passed: PassedRequest): Promise<PassedAnswer> {
    const leave = await this.options.admission.enter(session.repository.id, session.signal);
    try {
      const answer = await this.send(session, passed);
      await requireGood(answer, passed.answerType);
      return { body: answer.body, contentEncoding: text(answer.headers['content-encoding']), leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  private async send(session: Session, passed: PassedRequest): Promise<Dispatcher.ResponseData> {
    const { authorization, signal, repository } = session;
    const url = this.url(repository.path, passed.suffix);
    try {
      return await request(url, {
        method: passed.method,
        headers: { ...passed.headers, ...(authorization === undefined ? {} : { authorization }) },
        body: passed.body ?? null,
        dispatcher: this.agent,
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw new AntipodeError('cancelled', 'passing a request through');
      // Its code alone: libraries hang requests, with their headers, on what they throw.
      throw new AntipodeError('primary_unavailable', 'passing a request through', { reason: codeOf(error) });
    }
  }

  private url(path: RepositoryPath, suffix: string): string {
    return `${this.options.primary.gitUrl(path)}${suffix}`;
  }
}

async function requireGood(answer: Dispatcher.ResponseData, answerType: string): Promise<void> {
  const { statusCode: status, headers, body } = answer;
  const type = text(headers['content-type']) ?? '';
  if (status === 200 && type.split(';')[0]?.trim() === answerType) return;
  const refusal = status === 403 ? await firstBytes(body) : '';
  // Not read to its end: it may have none.
  body.on('error', () => undefined).destroy();
  throw meaningOf({ status, type, refusal, retryAfter: text(headers['retry-after']) });
}

function meaningOf(answer: {
  status: number;
  type: string;
  refusal: string;
  retryAfter: string | undefined;
}): AntipodeError {
  const { status, type, refusal, retryAfter } = answer;
  const doing = 'passing a request through';
  if (status === 401) return new AntipodeError('unauthenticated', doing);
  // What is hidden from this caller must look as it looks when auth says so.
  if (status === 404 || status === 410) return new AntipodeError('not_found', doing);
  if (status === 403) {
    const verdict = judgeRefusal(type, refusal);
    return verdict.kind === 'denied'
      ? new AntipodeError('denied', doing, {}, { hint: verdict.message })
      : new AntipodeError('not_found', doing);
  }
  if (status === 429) return new AntipodeError('primary_limited', doing, { retryAfter });
  if (status >= 500) return new AntipodeError('primary_unavailable', doing, { status, retryAfter });
  if (status === 400 || status === 413 || status === 415)
    return new AntipodeError('invalid', doing, { status });
  // A redirect is never followed nor relayed: it could walk the caller's credential to another host.
  return new AntipodeError('primary_misbehaved', doing, { status, type });
}

async function firstBytes(body: Readable): Promise<string> {
  let seen = '';
  for await (const chunk of body as AsyncIterable<Buffer>) {
    seen += chunk.toString('utf8');
    if (seen.length >= REFUSAL_BYTES) break;
  }
  return seen.slice(0, REFUSAL_BYTES);
}

const text = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

const codeOf = (error: unknown): string => {
  const code: unknown = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown';
};
