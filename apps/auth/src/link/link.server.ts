import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type AuthConfig } from '../config.js';
import { addressBlock } from '@antipode/http-door';
import type { FailureLimit } from '../limits/failure-limit.js';
import { LINK_PAGES } from '../limits/limits.js';
import { LINK_PATH } from './link-url.js';
import { LinkRoutes, type Answer } from './link.routes.js';
import { pageOfError } from './error-pages.js';
import { pageHeaders, render, type Frame } from '@antipode/web-pages';

const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
const LARGEST_HEADERS = 16 * 1024;

/** The small HTTP server of the link pages. The edge's public door hands their requests on to it. */
@Injectable()
export class LinkServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: Server;

  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(LINK_PAGES) private readonly limit: FailureLimit,
    private readonly routes: LinkRoutes,
  ) {
    const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
    this.server = createServer(
      { maxHeaderSize: LARGEST_HEADERS, ...timeouts },
      (request, response) => void this.answer(request, response),
    );
  }

  /** Known once it listens. */
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { HTTP_HOST: host, HTTP_PORT: port } = this.config;
    this.server.listen(port, host);
    try {
      await once(this.server, 'listening');
    } catch (cause) {
      const hint = `Cannot listen on ${host}:${port} (link pages).`;
      throw new AntipodeError('internal', 'opening the HTTP port', { host, port }, { cause, hint });
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeIdleConnections();
    // Pages take moments; whoever holds a connection longer than a request may take is cut off.
    const timer = setTimeout(() => this.server.closeAllConnections(), REQUEST_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.limit
      .guard(
        addressBlock(clientAddress(request)),
        () => this.routes.answer(request),
        () => true,
      )
      .catch((error: unknown) => this.failed(error));
    this.send(request, response, answer);
  }

  private frameOf(frame: Frame | undefined): Frame {
    return { current: LINK_PATH, mirror: this.config.MIRROR_NAME, ...frame };
  }

  private failed(error: unknown): Answer {
    const known = toAntipodeError(error, 'answering a link page');
    if (!isRefusal(known.code)) this.logger.warn({ err: known }, 'a link page failed');
    return { page: pageOfError(known), retryAfter: known.context['seconds'] };
  }

  private send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    const { page, frame, location, cookie, retryAfter } = answer;
    const headers = {
      ...pageHeaders(this.routes.signInOrigin),
      ...(location === undefined ? {} : { location }),
      ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
      ...(typeof retryAfter === 'number' ? { 'retry-after': String(retryAfter) } : {}),
    };
    response.writeHead(answer.status ?? page?.status ?? 200, headers);
    // What the client still sends is not read on.
    request.resume();
    response.end(page && request.method !== 'HEAD' ? render(page, this.frameOf(frame)) : undefined);
  }
}

/** The edge says who asks, and overwrites whatever a client claims; nobody else reaches this port. */
const clientAddress = ({ headers, socket }: IncomingMessage): string =>
  String(headers['x-forwarded-for'] ?? socket.remoteAddress ?? '')
    .split(',')
    .at(-1) ?? '';
