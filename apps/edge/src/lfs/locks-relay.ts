import { Agent, request, type Dispatcher } from 'undici';
import { AntipodeError } from '@antipode/errors';
import { isLfsMediaType, LFS_MEDIA_TYPE } from '@antipode/lfs-wire';
import type { Primary } from '@antipode/primary';
import type { Session } from '../session/hallway.js';
import type { RelayAuthorization } from '../session/relay-authorization.js';

export interface LocksRelayOptions {
  readonly primary: Pick<Primary, 'lfs' | 'displayName'>;
  readonly authorization: RelayAuthorization;
  readonly waitMs: number;
}

export interface AskedLock {
  readonly method: 'GET' | 'POST';
  /** Below "info/lfs/", with its query: "locks/7/unlock". */
  readonly target: string;
  /** JSON. */
  readonly body?: Buffer;
}

export interface LocksAnswer {
  readonly status: number;
  /** JSON. */
  readonly body: Buffer;
}

const MOST_BYTES = 1024 * 1024;
const CONNECT_MS = 5000;

/**
 * Locks are the primary's: every question goes there with the caller's own credential, and its answer comes back as it
 * is. Nothing is kept: a list that is a second old may let two people work on one file. Spec: git-lfs docs/api/locking.md.
 */
export class LocksRelay {
  private readonly agent: Agent;

  constructor(private readonly options: LocksRelayOptions) {
    this.agent = new Agent({
      connect: { timeout: CONNECT_MS },
      headersTimeout: options.waitMs,
      bodyTimeout: options.waitMs,
      maxHeaderSize: 32 * 1024,
    });
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /** @throws AntipodeError `unauthenticated`, `primary_unavailable`, `primary_limited`, `primary_misbehaved`, `cancelled`. */
  async ask(session: Session, asked: AskedLock): Promise<LocksAnswer> {
    const answer = await this.send(session, asked);
    const { statusCode: status, headers } = answer;
    const body = await bytesOf(answer);
    const retryAfter = headers['retry-after'];
    if (status === 401) throw new AntipodeError('unauthenticated', DOING);
    if (status === 429) throw new AntipodeError('primary_limited', DOING, { retryAfter });
    // A redirect could walk the credential to another host.
    if (status < 200 || (status >= 300 && status < 400)) throw misbehaved(status);
    if (isJson(headers['content-type'], body)) return { status, body };
    if (status === 404 || status === 405 || status === 501) return this.noLocks(status);
    throw status >= 500 ? new AntipodeError('primary_unavailable', DOING, { status }) : misbehaved(status);
  }

  /** A page where git-lfs wants JSON; with either status it goes on without locks. */
  private noLocks(status: number): LocksAnswer {
    const message = `${this.options.primary.displayName} does not support locks for this repository.`;
    return { status: status === 501 ? 501 : 404, body: Buffer.from(JSON.stringify({ message })) };
  }

  private async send(
    session: Session,
    { method, target, body }: AskedLock,
  ): Promise<Dispatcher.ResponseData> {
    const { caller, right, repository, signal } = session;
    const authorization = await this.options.authorization(caller, session, right);
    try {
      return await request(`${this.options.primary.lfs.url(repository.path)}/${target}`, {
        method,
        headers: {
          accept: LFS_MEDIA_TYPE,
          'user-agent': 'git-lfs/3 (antipode)',
          ...(body ? { 'content-type': LFS_MEDIA_TYPE } : {}),
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: body ?? null,
        dispatcher: this.agent,
        signal,
      });
    } catch (error) {
      throw failure(error, signal);
    }
  }
}

const DOING = 'asking the primary for locks';

const misbehaved = (status: number): AntipodeError =>
  new AntipodeError('primary_misbehaved', DOING, { status });

/** Its code alone: libraries hang requests, with their headers, on what they throw. */
function failure(error: unknown, signal: AbortSignal): AntipodeError {
  if (signal.aborted) return new AntipodeError('cancelled', DOING);
  const code: unknown = (error as { code?: unknown }).code;
  return new AntipodeError('primary_unavailable', DOING, {
    reason: typeof code === 'string' ? code : 'unknown',
  });
}

async function bytesOf({ body, statusCode }: Dispatcher.ResponseData): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MOST_BYTES) throw misbehaved(statusCode);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof AntipodeError ? error : new AntipodeError('primary_unavailable', DOING);
  }
  return Buffer.concat(chunks);
}

function isJson(type: string | string[] | undefined, body: Buffer): boolean {
  const header = Array.isArray(type) ? type[0] : type;
  const isType = isLfsMediaType(header) || header?.split(';')[0]?.trim().toLowerCase() === 'application/json';
  return isType && readJsonObject(body) !== undefined;
}

/** Undefined where the bytes are no JSON object. */
export function readJsonObject(body: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
