import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Agent, request as send, type Dispatcher } from 'undici';
import { AntipodeError } from '@antipode/errors';
import { isOwnPath, ownTarget } from './own-path.js';

/** RFC 9110 §7.6.1: between two neighbours only. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Told anew, and only by us.
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
  'x-antipode-without-credential',
  'expect',
]);

export interface OwnProxyOptions {
  /** Where `/-/…` is answered. */
  readonly target: string;
  readonly maxBodyBytes: number;
  /** Longest wait for the answer's beginning, and for each next part of it. */
  readonly timeoutMs: number;
  readonly connections: number;
}

/** Whose request it is. */
export interface OwnClient {
  readonly address: string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** `refused`: what anybody may read is not for this network. */
  readonly withoutCredential: 'served' | 'refused';
}

/** `/-/…` is the mirror's own: REST, webhooks and pages, answered by the registry, or by auth, behind this door. */
export class OwnProxy {
  private readonly agent: Agent;

  constructor(private readonly options: OwnProxyOptions) {
    this.agent = new Agent({
      connections: options.connections,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      maxHeaderSize: 32 * 1024,
    });
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /** @throws AntipodeError `service_unavailable` before the first byte, `too_large`; later failures destroy the connection. */
  async relay(request: IncomingMessage, response: ServerResponse, client: OwnClient): Promise<void> {
    const answer = await this.ask(request, client);
    // One without an end, by a spelling of its path that we do not know, would keep an ordinary connection for good.
    if (isEventStream(answer.headers)) {
      answer.body.on('error', () => undefined).destroy();
      throw new AntipodeError('not_found', DOING);
    }
    response.writeHead(answer.statusCode, withoutHops(answer.headers));
    try {
      await pipeline(answer.body, response);
    } catch (error) {
      response.destroy();
      throw error;
    }
  }

  private urlOf(request: IncomingMessage): URL {
    const { pathname, search } = ownTarget(request);
    if (!isOwnPath(pathname)) throw new AntipodeError('not_found', DOING);
    return new URL(pathname + search, this.options.target);
  }

  /** The answer, of which nothing was read yet. @throws AntipodeError as `relay`. */
  async ask(request: IncomingMessage, client: OwnClient): Promise<Dispatcher.ResponseData> {
    const { signal } = client;
    const limit = new BodyLimit(this.options.maxBodyBytes);
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    if (Number(request.headers['content-length'] ?? 0) > this.options.maxBodyBytes) throw tooLarge();
    const url = this.urlOf(request);
    try {
      return await send(url, {
        // undici takes every method that Node's parser lets through.
        method: (request.method ?? 'GET') as 'GET',
        headers: { ...withoutHops(request.headers), ...forwarded(request, client) },
        body: hasBody ? request.pipe(limit) : null,
        dispatcher: this.agent,
        signal,
      });
    } catch (error) {
      if (limit.exceeded) throw tooLarge();
      if (signal.aborted) throw new AntipodeError('cancelled', DOING);
      throw new AntipodeError('service_unavailable', DOING, {}, { cause: error });
    }
  }
}

const DOING = 'passing a request to the registry';

const tooLarge = (): AntipodeError => new AntipodeError('too_large', DOING);

/** What those behind this door must know of the client; of the same names, its own headers are dropped. */
const forwarded = (
  { headers }: IncomingMessage,
  { address, withoutCredential }: OwnClient,
): Record<string, string> => ({
  'x-forwarded-for': address,
  'x-forwarded-host': headers.host ?? '',
  ...(withoutCredential === 'refused' ? { 'x-antipode-without-credential': 'refused' } : {}),
});

export const isEventStream = ({ 'content-type': type }: IncomingHttpHeaders): boolean =>
  /^text\/event-stream\b/i.test(type ?? '');

/** An answer's, or a request's, headers without those between two neighbours. */
export function withoutHops(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name) && !named.includes(name)) kept[name] = value;
  }
  return kept;
}

/** Ends a body that has no declared length and no end. */
class BodyLimit extends Transform {
  exceeded = false;
  private size = 0;

  constructor(private readonly maxBytes: number) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.size += chunk.length;
    this.exceeded = this.size > this.maxBytes;
    if (this.exceeded) done(tooLarge());
    else done(null, chunk);
  }
}
