import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { KeyObject } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import { readTicket, type TicketAction } from '@antipode/lfs-wire';
import type { Logger } from '@antipode/service-kit';
import { closeAfter } from '@antipode/http-door';
import type { Exchange } from './exchange.js';
import { refusalOf, sendRefusal } from './lfs-answer.js';

export interface Route {
  answer(exchange: Exchange): Promise<void>;
}

export interface LfsDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly key: KeyObject;
  readonly routes: Readonly<Record<TicketAction, Route>>;
  readonly shutdownMs: number;
  /** What goes on after its answer, to be ended when nothing comes in any more; `late`: now at the latest. */
  readonly onClosed: (late: AbortSignal) => Promise<void>;
  /** Longest silence of a client, in milliseconds. */
  readonly idleMs: number;
  readonly logger: Logger;
}

const METHODS: Readonly<Record<TicketAction, readonly string[]>> = {
  download: ['GET', 'HEAD'],
  upload: ['PUT'],
  verify: ['POST'],
};
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than the edge keeps a connection in its pool: it never meets one that closes just now. */
const KEEP_ALIVE_MS = 65_000;
/** A sealed action is as long as the primary's links are. */
const MAX_HEADER_BYTES = 64 * 1024;
const DOING = 'answering a request for an object';

/** Where the bytes of objects go in and out. Whoever has a ticket may; the edge stands in front of it. */
export class LfsDoor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: Server;

  constructor(private readonly options: LfsDoorOptions) {
    this.server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      // An object may take its time; a silent client may not.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
    });
    this.server.setTimeout(options.idleMs);
    this.server.on('request', (request, response) => void this.handle(request, response));
    // Whoever asks before sending is told to go on by the route.
    this.server.on('checkContinue', (request, response) => void this.handle(request, response));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { host, port, logger } = this.options;
    this.server.listen(port, host);
    try {
      await once(this.server, 'listening');
    } catch (error) {
      const hint = `Cannot listen on ${host}:${port} (HTTP).`;
      throw new AntipodeError('internal', 'opening the HTTP port', { host, port }, { cause: error, hint });
    }
    logger.info({ host, port: this.port }, 'door for objects open');
  }

  /** Takes no new connection; streams have their time, then they are cut. */
  async beforeApplicationShutdown(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort();
      this.server.closeAllConnections();
    }, this.options.shutdownMs);
    await closed;
    await this.options.onClosed(late.signal);
    clearTimeout(timer);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    // A client may vanish at any moment; that is no exception of ours.
    response.on('error', () => undefined).once('close', () => gone.abort());
    request.on('error', () => undefined);
    try {
      await this.dispatch(request, response, gone.signal);
    } catch (error) {
      this.fail(
        response,
        gone.signal.aborted ? new AntipodeError('cancelled', DOING) : toAntipodeError(error, DOING),
      );
    }
  }

  private dispatch(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const ticket = readTicket(request.url ?? '', this.options.key, Date.now());
    const methods = METHODS[ticket.action];
    if (!methods.includes(request.method ?? '')) {
      response.setHeader('Allow', methods.join(', '));
      throw new AntipodeError('unsupported', DOING);
    }
    return this.options.routes[ticket.action].answer({ request, response, ticket, signal });
  }

  private fail(response: ServerResponse, error: AntipodeError): void {
    if (response.headersSent || response.destroyed) {
      // In the middle of an answer: no client may take it for whole.
      response.destroy();
      if (error.code !== 'cancelled') this.log(error, undefined);
      return;
    }
    if (!response.req.complete) closeAfter(response);
    const refusal = refusalOf(error);
    const isMethod = response.hasHeader('Allow');
    this.log(error, sendRefusal(response, isMethod ? { ...refusal, status: 405 } : refusal));
  }

  private log(error: AntipodeError, requestId: string | undefined): void {
    const level = isRefusal(error.code) ? 'debug' : 'warn';
    this.options.logger[level]({ err: error, request_id: requestId }, 'an object was not handed over');
  }
}
