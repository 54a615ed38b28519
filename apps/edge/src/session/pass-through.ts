import { pipeline, Transform, type Readable, type TransformCallback } from 'node:stream';
import { Agent, request, type Dispatcher } from 'undici';
import type { RepositoryPath } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { FLUSH } from '@antipode/git-wire';
import { judgeRefusal, type Primary } from '@antipode/primary';
import type { Admission } from './admission.js';
import type { Session } from './hallway.js';
import { offersFilter } from './primary-filter.js';
import type { RelayAuthorization } from './relay-authorization.js';

export interface PassedRequest {
  readonly method: 'GET' | 'POST';
  /** Behind the repository's URL: "/info/refs?service=git-upload-pack". */
  readonly suffix: string;
  /** The caller's, from a closed list; without Authorization. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  readonly answerType: string;
  /** "caller": the session's signal alone ends a silence, of the request and of the answer. */
  readonly patience?: 'caller';
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
  readonly authorization: RelayAuthorization;
  readonly admission: Admission;
  readonly waitMs: number;
  readonly idleMs: number;
  /** How long a connection may wait to be used again. */
  readonly keepAliveMs?: number;
}

const CONNECT_TIMEOUT_MS = 5000;
const KEEP_ALIVE_MS = 30_000;
const REFUSAL_BYTES = 1024;
const CAPABILITY_BYTES = 64 * 1024;
const FILTER_MS = 600_000;

/**
 * Relays one request to the primary with the caller's own credential.
 *
 * Fails before the first byte with an AntipodeError, so that the door can still answer; afterwards the body's
 * own error tells, and must reach the client as a broken connection.
 */
export class PassThrough {
  private readonly agent: Agent;
  private filter = { isOffered: false, askAgainAtMs: 0 };

  constructor(private readonly options: PassThroughOptions) {
    this.agent = new Agent({
      // Admission bounds what runs; undici must not queue behind our back.
      connections: null,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: options.waitMs,
      bodyTimeout: options.idleMs,
      keepAliveTimeout: options.keepAliveMs ?? KEEP_ALIVE_MS,
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
      return { body: insistOnEnd(answer), contentEncoding: text(answer.headers['content-encoding']), leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Whether the primary takes filters; asked at most every ten minutes, with the credential of whoever needs it. */
  async takesFilter(session: Session): Promise<boolean> {
    if (Date.now() < this.filter.askAgainAtMs) return this.filter.isOffered;
    const answer = await this.relay(session, {
      method: 'GET',
      suffix: '/info/refs?service=git-upload-pack',
      headers: { 'git-protocol': 'version=2' },
      answerType: 'application/x-git-upload-pack-advertisement',
    });
    try {
      this.filter = {
        isOffered: offersFilter(await firstBytes(answer.body, CAPABILITY_BYTES)),
        askAgainAtMs: Date.now() + FILTER_MS,
      };
    } finally {
      answer.body.on('error', () => undefined).destroy();
      answer.leave();
    }
    return this.filter.isOffered;
  }

  private async send(session: Session, passed: PassedRequest): Promise<Dispatcher.ResponseData> {
    const { caller, right, signal, repository } = session;
    const authorization = await this.options.authorization(caller, session, right);
    const url = this.url(repository.path, passed.suffix);
    try {
      return await request(url, {
        method: passed.method,
        headers: { ...passed.headers, ...(authorization === undefined ? {} : { authorization }) },
        body: passed.body ?? null,
        dispatcher: this.agent,
        signal,
        ...(passed.patience === 'caller' ? { headersTimeout: 0, bodyTimeout: 0 } : {}),
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

/**
 * Without a length and without chunks an answer that was cut short looks whole; git's own last flush tells.
 * (A pack without side-band has none; clients that old do not meet primaries that old.)
 */
function insistOnEnd({ headers, body }: Dispatcher.ResponseData): Readable {
  const isFramed = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  if (isFramed || headers['content-encoding'] !== undefined) return body;
  return compose(body, new FlushAtEnd());
}

function compose(body: Readable, last: Transform): Readable {
  pipeline(body, last, () => undefined);
  return last;
}

class FlushAtEnd extends Transform {
  private tail: Buffer = Buffer.alloc(0);

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.tail = Buffer.concat([this.tail, chunk.subarray(-FLUSH.length)]).subarray(-FLUSH.length);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    const isWhole = this.tail.equals(FLUSH);
    done(
      isWhole ? null : new AntipodeError('primary_misbehaved', 'passing through: the answer was cut short'),
    );
  }
}

async function requireGood(answer: Dispatcher.ResponseData, answerType: string): Promise<void> {
  const { statusCode: status, headers, body } = answer;
  const type = text(headers['content-type']) ?? '';
  if (status === 200 && type.split(';')[0]?.trim() === answerType) return;
  const refusal = status === 403 ? (await firstBytes(body, REFUSAL_BYTES)).toString() : '';
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

async function firstBytes(body: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

const text = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

const codeOf = (error: unknown): string => {
  const code: unknown = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown';
};
