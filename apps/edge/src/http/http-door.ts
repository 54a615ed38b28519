import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import { decodeUrlPath, type Primary } from '@antipode/primary';
import type { Logger } from '@antipode/service-kit';
import { closeAfter, letContinue } from '@antipode/http-door';
import { Arrivals } from '../network/arrivals.js';
import type { NetworkList } from '../network/network-list.js';
import { notServed, type Networks } from '../network/networks.js';
import { isLfsToken } from '../lfs/lfs-token.js';
import { ANONYMOUS, type Caller } from '../session/caller.js';
import type { Knock } from '../session/hallway.js';
import { Visit } from '../session/visit.js';
import type { EdgeMetrics } from '../telemetry/edge-metrics.js';
import type { Traffic } from '../telemetry/traffic.js';
import { clientAddress } from './client-address.js';
import { AnsweredError } from './answered-error.js';
import type { Exchange } from './exchange.js';
import { sayGoodbye } from './goodbye.js';
import type { GitRoutes } from './git-routes.js';
import type { LfsObjects } from './lfs-objects.js';
import type { LfsRoutes } from './lfs-routes.js';
import type { OwnClient, OwnProxy } from './own-proxy.js';
import { answerParseError, turnAway } from './parse-errors.js';
import { refuseNetwork } from './refuse-network.js';
import { answerFrontPage, type FrontPage } from './front-page.js';
import type { LiveStreams } from './live-streams.js';
import { isForEverybody, isLinkPath, ownTarget } from './own-path.js';
import { refuse } from './respond.js';
import { findRoute, methodsOf, type Route, type RouteName } from './routes.js';
import { refusalFor } from './sentences.js';

export interface HttpDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly trustedProxies: NetworkList;
  /** `on`: each connection begins with a PROXY header of one of `trustedProxies`. */
  readonly proxyProtocol: 'on' | 'off';
  readonly networks: Networks;
  readonly shutdownMs: number;
  readonly primary: Primary;
  readonly git: GitRoutes;
  readonly lfs: LfsRoutes;
  readonly lfsObjects: LfsObjects;
  readonly own: OwnProxy;
  /** The same for what every network may ask, webhooks above all: nobody else takes its connections. */
  readonly forEverybody: OwnProxy;
  /** Auth's pages, where accounts are linked. */
  readonly link: OwnProxy;
  /** What the pages hear while they are open. */
  readonly live: LiveStreams;
  readonly hostKeys: { readonly fingerprints: readonly string[] };
  readonly metrics: EdgeMetrics;
  readonly traffic: Traffic;
  readonly logger: Logger;
}

const tracer = trace.getTracer('antipode.edge');
const MAX_HEADER_BYTES = 32 * 1024;
const HEADERS_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 65_000;
/** Large bodies are asked for only once it is clear that they are wanted. */
const ASKS_ITSELF: ReadonlySet<RouteName> = new Set<RouteName>(['receive_pack', 'lfs_object']);

/** The HTTP door: raw node:http, because every header on git's routes has to be git's. */
export class HttpDoor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly server: Server;
  private readonly arrivals: Arrivals | undefined;

  constructor(private readonly options: HttpDoorOptions) {
    this.server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      // Bodies have limits of their own: a large one may take its time, a silent one may not.
      requestTimeout: 0,
      connectionsCheckingInterval: 5000,
      keepAliveTimeout: KEEP_ALIVE_MS,
    });
    this.server.on('request', (request, response) => void this.handle(request, response));
    // Whoever asks before sending is told to go on by the route: a push only once it is allowed.
    this.server.on('checkContinue', (request, response) => void this.handle(request, response));
    this.server.on('clientError', (error, socket) => answerParseError(error, socket as Socket));
    if (options.proxyProtocol === 'on') this.arrivals = this.takeHeadersOff();
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { host, port } = this.options;
    this.server.listen(port, host);
    try {
      await once(this.server, 'listening');
    } catch (error) {
      throw new AntipodeError(
        'internal',
        'opening the HTTP port',
        { host, port },
        { cause: error, hint: `Cannot listen on ${host}:${port} (HTTP).` },
      );
    }
    this.options.logger.info({ host, port: this.port }, 'HTTP door open');
  }

  /** Takes no new connection; streams have their time, then they are cut. */
  async beforeApplicationShutdown(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    // Whoever listens connects again, to an edge that stays.
    this.options.live.close();
    this.arrivals?.close();
    this.server.closeIdleConnections();
    const timer = setTimeout(() => this.server.closeAllConnections(), this.options.shutdownMs);
    await closed;
    clearTimeout(timer);
    this.options.lfsObjects.close();
    const { own, forEverybody, link, lfs } = this.options;
    await Promise.all([own.close(), forEverybody.close(), link.close(), lfs.close()]);
  }

  /** The parser of requests, which the server listens with, sees a socket only after its header. */
  private takeHeadersOff(): Arrivals {
    const { trustedProxies: proxies, logger } = this.options;
    const arrivals = new Arrivals({
      door: 'http',
      proxies,
      logger,
      turnAway: (socket, sentence, status) => turnAway(socket, { status, sentence }),
    });
    const [parse] = this.server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
    this.server.removeAllListeners('connection');
    this.server.on('connection', (socket: Socket) =>
      arrivals.meet(socket, (served) => parse?.call(this.server, served)),
    );
    return arrivals;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = findRoute(request.url ?? '');
    const visit = new Visit();
    const startedAt = performance.now();
    const sentBefore = request.socket.bytesWritten;
    await tracer.startActiveSpan(
      `${request.method} ${route?.name ?? 'unknown'}`,
      { kind: SpanKind.SERVER, root: true },
      async (span) => {
        const closed = new Promise<number>((resolve) =>
          response.once('close', () => resolve(request.socket.bytesWritten - sentBefore)),
        );
        await this.answer(request, response, route, visit);
        // A push may go on after its client has left: the line tells how it ended.
        const bytesOut = Math.max(0, await closed);
        sayGoodbye({ request, response, route, visit, startedAt, bytesOut }, this.options);
        span.setAttributes({
          'http.response.status_code': response.statusCode,
          'antipode.source': visit.source,
          ...(visit.push ? { 'antipode.push': visit.push } : {}),
        });
        if (visit.repositoryId) span.setAttribute('antipode.repository_id', visit.repositoryId);
        if (response.statusCode >= 500 || !response.writableFinished)
          span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    );
  }

  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route | undefined,
    visit: Visit,
  ): Promise<void> {
    // A client may vanish at any moment; that is no exception of ours.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    try {
      if (!route) return refuse(response, { status: 400, sentence: 'The request names no path.' });
      const address = clientAddress(request, this.options.trustedProxies);
      if (!this.options.networks.serves(address) && !isForEverybody(request, route))
        return this.refuseNetwork({ request, response, route }, visit, address);
      const methods = methodsOf(route.name);
      if (methods.length > 0 && !methods.includes(request.method ?? ''))
        return this.refuseMethod(request, response, methods);
      await this.dispatch({
        request,
        response,
        route,
        knock: this.knock(request, response, { route, visit, address }),
      });
    } catch (error) {
      this.fail(response, visit, error);
    }
  }

  private async dispatch(exchange: Exchange): Promise<void> {
    const { git, lfs, lfsObjects, live } = this.options;
    const { request, response, knock } = exchange;
    if (!ASKS_ITSELF.has(exchange.route.name)) letContinue(request, response);
    switch (exchange.route.name) {
      case 'info_refs':
        return git.infoRefs(exchange);
      case 'upload_pack':
        return git.uploadPack(exchange);
      case 'receive_pack':
        return git.receivePack(exchange);
      case 'dumb':
        return git.dumb(exchange);
      case 'lfs_batch':
        return lfs.batch(exchange);
      case 'lfs_locks':
        return lfs.locks(exchange);
      case 'lfs_unknown':
        return lfs.unknown(exchange);
      case 'lfs_object':
        return lfsObjects.answer(exchange);
      case 'own':
        return this.own(exchange);
      case 'live':
        if (request.method !== 'GET') return this.own(exchange);
        return live.relay(request, response, this.ownClient(knock));
      case 'page':
        return answerFrontPage(request, response, { path: knock.path, page: this.frontPage });
    }
  }

  private own({ request, response, route, knock }: Exchange): Promise<void> {
    const { own, forEverybody, link } = this.options;
    const isLink = isLinkPath(ownTarget(request).pathname);
    const proxy = isLink ? link : isForEverybody(request, route) ? forEverybody : own;
    return proxy.relay(request, response, this.ownClient(knock));
  }

  private ownClient({ clientAddress: address, signal }: Knock): OwnClient {
    const isServed = this.options.networks.servesAnybody(address);
    return { address, signal, withoutCredential: isServed ? 'served' : 'refused' };
  }

  private get frontPage(): FrontPage {
    const { primary, hostKeys } = this.options;
    return { primaryName: primary.displayName, fingerprints: hostKeys.fingerprints };
  }

  private refuseNetwork(asked: Omit<Exchange, 'knock'>, visit: Visit, address: string): void {
    visit.error = new AntipodeError('denied', 'answering a network that is not served');
    refuseNetwork(asked, visit, notServed(address, this.options.primary.displayName));
  }

  private knock(
    request: IncomingMessage,
    response: ServerResponse,
    { route, visit, address }: { readonly route: Route; readonly visit: Visit; readonly address: string },
  ): Knock {
    const gone = new AbortController();
    // Only for a client that left early: an abort makes an exception with a stack, which a good end does not need.
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    return {
      path: decodeUrlPath(route.path),
      caller: callerOf(request, route),
      right: 'read',
      clientAddress: address,
      signal: gone.signal,
      visit,
    };
  }

  private refuseMethod(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): void {
    if (request.method !== 'HEAD' && request.method !== 'OPTIONS') closeAfter(response);
    refuse(response, {
      status: 405,
      sentence: 'This method has no meaning here.',
      headers: { Allow: methods.join(', ') },
    });
  }

  private fail(response: ServerResponse, visit: Visit, error: unknown): void {
    const known = toAntipodeError(error, 'answering a request');
    visit.error = known;
    if (known instanceof AnsweredError) return;
    // Half an answer must reach the client as a broken one.
    if (response.headersSent || response.destroyed) return void response.destroy();
    const refusal = refusalFor(known, this.options.primary.displayName);
    if (!response.req.complete) closeAfter(response);
    refuse(response, refusal);
  }
}

function callerOf({ headers: { authorization } }: IncomingMessage, { name }: Route): Caller {
  if (authorization === undefined) return ANONYMOUS;
  // Ours, and for LFS alone: the primary must not be shown it as if it were one of its own.
  if (isLfsToken(authorization) && !name.startsWith('lfs_'))
    throw new AntipodeError('unauthenticated', 'entering with a token for LFS');
  return { kind: 'credential', authorization };
}
