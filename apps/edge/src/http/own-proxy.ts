import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Agent, request as send, type Dispatcher } from 'undici';
import { AntipodeError } from '@antipode/errors';
import { ConnectionLimits, type Place } from '../network/connection-limits.js';
import { isOwnPath, ownTarget } from './own-path.js';
import { readBody, type ReadBodyOptions, type RequestBody } from './read-body.js';
import { watchStream, type StreamLimits } from './stream-answer.js';

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
  readonly body: ReadBodyOptions;
  /** Longest wait for the answer's beginning, and for each next part of it. */
  readonly timeoutMs: number;
  /** To the target. */
  readonly connections: number;
  /** Requests of one client address at the same time. */
  readonly perAddress: number;
  /** Of answers, which clients must take. */
  readonly limits: StreamLimits;
}

/** Requests under way, those that still send their body included. */
const MOST_REQUESTS = 2000;

/** Whose request it is. */
export interface OwnClient {
  readonly address: string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** `refused`: what anybody may read is not for this network. */
  readonly withoutCredential: 'served' | 'refused';
}

/**
 * `/-/…` is the mirror's own: REST, webhooks and pages, answered by the registry, or by auth, behind this door.
 *
 * The connections to them are few and everybody's: a request gets one only with its whole body at hand, for as long as the
 * client takes the answer, and no address gets all of them.
 */
export class OwnProxy {
  private readonly agent: Agent;
  private readonly places: ConnectionLimits;

  constructor(private readonly options: OwnProxyOptions) {
    this.agent = new Agent({
      connections: options.connections,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      maxHeaderSize: 32 * 1024,
    });
    const { perAddress } = options;
    this.places = new ConnectionLimits({ connections: MOST_REQUESTS, perAddress });
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /**
   * @throws AntipodeError `service_unavailable`, `busy`, `too_large`, `timed_out` before the first byte; later failures
   *   destroy the connection.
   */
  async relay(request: IncomingMessage, response: ServerResponse, client: OwnClient): Promise<void> {
    const place = this.enter(client);
    try {
      await this.pass(request, response, client);
    } finally {
      place.leave();
    }
  }

  private enter({ address }: OwnClient): Place {
    const place = this.places.enter(address);
    if (!place) throw new AntipodeError('busy', DOING, this.places.counts);
    return place;
  }

  private async pass(request: IncomingMessage, response: ServerResponse, client: OwnClient): Promise<void> {
    const answer = await this.ask(request, client);
    // One without an end, by a spelling of its path that we do not know, would keep an ordinary connection for good.
    if (isEventStream(answer.headers)) {
      answer.body.on('error', () => undefined).destroy();
      throw new AntipodeError('not_found', DOING);
    }
    response.writeHead(answer.statusCode, withoutHops(answer.headers));
    const stop = watchStream(response, this.options.limits);
    try {
      await pipeline(answer.body, response);
    } catch (error) {
      response.destroy();
      throw error;
    } finally {
      stop();
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
    const url = this.urlOf(request);
    const body = await this.bodyOf(request);
    try {
      return await send(url, {
        // undici takes every method that Node's parser lets through.
        method: (request.method ?? 'GET') as 'GET',
        headers: { ...withoutHops(request.headers), ...forwarded(request, client) },
        body: body?.raw ?? null,
        dispatcher: this.agent,
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw new AntipodeError('cancelled', DOING);
      throw new AntipodeError('service_unavailable', DOING, {}, { cause: error });
    } finally {
      body?.release();
    }
  }

  private async bodyOf(request: IncomingMessage): Promise<RequestBody | undefined> {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if (length === undefined && encoding === undefined) return undefined;
    if (Number(length ?? 0) > this.options.body.maxBytes) throw new AntipodeError('too_large', DOING);
    return readBody(request, this.options.body);
  }
}

const DOING = 'passing a request to the registry';

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
