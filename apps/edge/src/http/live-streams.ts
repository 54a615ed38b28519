import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AntipodeError } from '@antipode/errors';
import { ConnectionLimits, type Place } from '../network/connection-limits.js';
import { BodyBudget } from './read-body.js';
import { isEventStream, OwnProxy, withoutHops, type OwnClient } from './own-proxy.js';
import { dropNodeHeaders } from './respond.js';
import { watchStream } from './stream-answer.js';

export interface LiveStreamsOptions {
  /** Where events are told. */
  readonly target: string;
  /** At the same time: of all, and of one address. */
  readonly streams: number;
  readonly perAddress: number;
  /** A listener that takes no byte for this long, or a teller that says nothing, is cut off. */
  readonly idleMs: number;
}

/** What a heartbeat every 15 s is waited for. */
const SILENCE_MS = 60_000;

/**
 * `/-/api/v1/events`: answers without an end, one for each open page, over connections of their own: however many listen,
 * the ordinary requests keep theirs.
 */
export class LiveStreams {
  private readonly proxy: OwnProxy;
  private readonly limits: ConnectionLimits;
  private readonly closing = new AbortController();

  constructor(private readonly options: LiveStreamsOptions) {
    const { target, streams, perAddress } = options;
    const limits = { idleMs: options.idleMs, totalMs: Infinity };
    const body = { maxBytes: 0, budget: new BodyBudget(0), idleMs: SILENCE_MS, totalMs: SILENCE_MS };
    this.proxy = new OwnProxy({
      target,
      connections: streams,
      perAddress,
      body,
      timeoutMs: SILENCE_MS,
      limits,
    });
    this.limits = new ConnectionLimits({ connections: streams, perAddress });
  }

  /** Ends them all, at once and well: a page connects again by itself. */
  close(): void {
    this.closing.abort();
    void this.proxy.close();
  }

  /**
   * Resolves when the listener has gone, the registry has ended it, or the edge closes.
   *
   * @throws AntipodeError `busy` where there is no room; otherwise as `OwnProxy.relay`.
   */
  async relay(request: IncomingMessage, response: ServerResponse, client: OwnClient): Promise<void> {
    const place = this.enter(client);
    try {
      await this.listen(request, response, client);
    } catch (error) {
      if (!this.closing.signal.aborted) throw error;
      if (!response.headersSent) throw closing();
      response.end();
    } finally {
      place.leave();
    }
  }

  private enter({ address }: OwnClient): Place {
    if (this.closing.signal.aborted) throw closing();
    const place = this.limits.enter(address);
    if (!place) throw new AntipodeError('busy', DOING, this.limits.counts);
    return place;
  }

  private async listen(request: IncomingMessage, response: ServerResponse, client: OwnClient): Promise<void> {
    const signal = AbortSignal.any([client.signal, this.closing.signal]);
    const answer = await this.proxy.ask(request, { ...client, signal });
    dropNodeHeaders(response);
    response.writeHead(answer.statusCode, withoutHops(answer.headers));
    if (isEventStream(answer.headers)) response.flushHeaders();
    const stop = watchStream(response, { idleMs: this.options.idleMs, totalMs: Infinity });
    try {
      await pipeline(answer.body, response, { end: false });
      response.end();
    } catch (error) {
      // The good end of a page that was closed.
      if (client.signal.aborted || response.destroyed) throw new AntipodeError('cancelled', DOING);
      // A stream that the edge itself ends is no broken one.
      if (!this.closing.signal.aborted) response.destroy();
      throw new AntipodeError('service_unavailable', DOING, {}, { cause: error });
    } finally {
      stop();
    }
  }
}

const DOING = 'listening for events';

const closing = (): AntipodeError => new AntipodeError('busy', `${DOING}: the edge closes`);
