import { Agent, type Dispatcher } from 'undici';
import { AntipodeError } from '@antipode/errors';
import type { LfsAction } from '@antipode/lfs-wire';
import { splitHref } from './split-href.js';

export type StorageAction = Pick<LfsAction, 'href' | 'header'>;
export type StorageAnswer = Dispatcher.ResponseData;

export interface StorageRequest {
  readonly method: 'PUT' | 'POST';
  /** Ours; those of the action come on top. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Dispatcher.DispatchOptions['body'];
}

export interface StorageClientOptions {
  /** Longest silence of the other side, in milliseconds; an object may take as long as it wants while it moves. */
  readonly idleMs: number;
  /** At one moment, to each host, for what goes at our own pace; whatever more there is waits in line. */
  readonly connections: number;
}

/** Who says how fast a body goes: we, by our disk, or somebody behind us, who may take hours for it. */
export type Pace = 'ours' | 'theirs';

export interface StorageFetch {
  readonly headers: Readonly<Record<string, string>>;
  readonly pace: Pace;
}

interface PacedRequest extends Omit<StorageRequest, 'method'> {
  readonly method: StorageRequest['method'] | 'GET';
  readonly pace: Pace;
}

const MOST_REDIRECTS = 3;
const CONNECT_MS = 10_000;
const USER_AGENT = 'git-lfs/3.6.0 (antipode)';
const DOING = "asking the primary's storage";

/** Between two neighbours only (RFC 9110 §7.6.1), or ours to say because we frame the message and read the answer. */
const NOT_THEIRS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The hosts that hold the primary's objects. They see the link and the headers that the primary gave for it, byte for
 * byte, and no credential of ours or of the caller's.
 */
export class StorageClient {
  /** Apart, and without a limit: slow clients would hold every connection, and all arrivals stand still. */
  private readonly agents: Readonly<Record<Pace, Agent>>;

  constructor({ idleMs, connections }: StorageClientOptions) {
    const options: Agent.Options = {
      connect: { timeout: Math.min(CONNECT_MS, idleMs) },
      headersTimeout: idleMs,
      // Of silence, not in total; a body that we do not read has no time at all.
      bodyTimeout: idleMs,
      maxHeaderSize: 32 * 1024,
    };
    this.agents = { ours: new Agent({ ...options, connections }), theirs: new Agent(options) };
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.agents).map((agent) => agent.destroy()));
  }

  /**
   * Follows redirects, a few; to another host without the action's headers.
   *
   * @throws AntipodeError `primary_unavailable`, `primary_misbehaved`, `cancelled`.
   */
  async fetch(
    action: StorageAction,
    { headers, pace }: StorageFetch,
    signal: AbortSignal,
  ): Promise<StorageAnswer> {
    let next = action;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const answer = await this.request(next, { method: 'GET', headers, pace }, signal);
      const location = answer.headers['location'];
      if (!REDIRECTS.has(answer.statusCode) || typeof location !== 'string') return answer;
      discard(answer);
      next = redirect(next, location);
    }
    throw new AntipodeError('primary_misbehaved', DOING, { redirects: MOST_REDIRECTS + 1 });
  }

  /** Follows no redirect: a body cannot be sent twice. @throws like `fetch`. */
  send(action: StorageAction, request: StorageRequest, signal: AbortSignal): Promise<StorageAnswer> {
    return this.request(action, { ...request, pace: 'theirs' }, signal);
  }

  private async request(
    action: StorageAction,
    { pace, ...request }: PacedRequest,
    signal: AbortSignal,
  ): Promise<StorageAnswer> {
    const { origin, path } = splitHref(action.href);
    const headers = { 'user-agent': USER_AGENT, ...request.headers, ...passable(action.header) };
    try {
      return await this.agents[pace].request({
        origin,
        path,
        method: request.method,
        headers,
        body: request.body ?? null,
        signal,
      });
    } catch (error) {
      throw storageError(error, signal);
    }
  }
}

/** Lets go of an answer that nobody wants to read; a short one leaves its connection to the next. */
export function discard({ body }: StorageAnswer): void {
  void body.dump({ limit: 64 * 1024, signal: AbortSignal.timeout(5000) }).catch(() => undefined);
}

/** Whatever ended a request or its body. Its cause is kept by code alone: errors carry links, and links carry rights. */
export function storageError(error: unknown, signal: AbortSignal): AntipodeError {
  if (signal.aborted) return new AntipodeError('cancelled', DOING);
  if (error instanceof AntipodeError) return error;
  const { code } = error as { code?: unknown };
  const reason = typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown';
  return new AntipodeError(NONSENSE.test(reason) ? 'primary_misbehaved' : 'primary_unavailable', DOING, {
    reason,
  });
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const NONSENSE = /^(HPE_|HTTPParserError|UND_ERR_HEADERS_OVERFLOW|UND_ERR_INVALID_ARG|UND_ERR_RES_EXCEEDED)/;

function passable(header: StorageAction['header'] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(header)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !NOT_THEIRS.has(name)),
  );
}

function redirect(from: StorageAction, location: string): StorageAction {
  const href = /^https?:\/\//i.test(location) ? location : resolve(location, from.href);
  const [before, after] = [splitHref(from.href).origin, splitHref(href).origin];
  if (before.startsWith('https:') && !after.startsWith('https:'))
    throw new AntipodeError('primary_misbehaved', 'following a redirect away from https');
  return before === after ? { ...from, href } : { href };
}

function resolve(location: string, base: string): string {
  try {
    return new URL(location, base).href;
  } catch {
    throw new AntipodeError('primary_misbehaved', 'following a redirect to no address');
  }
}
