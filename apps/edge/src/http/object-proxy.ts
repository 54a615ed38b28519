import {
  Agent,
  request as send,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Agent as TlsAgent, request as sendTls } from 'node:https';
import { AntipodeError } from '@antipode/errors';
import type { TicketAction } from '@antipode/lfs-wire';
import { closeAfter } from '@antipode/http-door';
import type { Exchange } from './exchange.js';
import { dropNodeHeaders } from './respond.js';
import { streamAnswer, watchStream, type StreamLimits } from './stream-answer.js';

export interface ObjectProxyOptions {
  /** The lfs service: `LFS_HTTP`. */
  readonly target: string;
  readonly limits: StreamLimits;
  /** Of uploads; the primary may take its time with the last byte. */
  readonly uploadLimits: StreamLimits;
  /** Longest wait for the first byte of a download. */
  readonly waitMs: number;
}

/** Never Authorization nor cookies: the ticket is all that counts. */
const PASSED = [
  'accept',
  'antipode-action',
  'content-length',
  'content-type',
  'expect',
  'if-range',
  'range',
  'user-agent',
] as const;
const RETURNED = [
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-length',
  'content-range',
  'content-type',
  'location',
  'retry-after',
  'x-content-type-options',
] as const;

/** Hands on what only the lfs service can answer: objects that are not on this disk, and all that comes in. */
export class ObjectProxy {
  private readonly agent: Agent;
  private readonly send: typeof send;

  constructor(private readonly options: ObjectProxyOptions) {
    this.send = this.isTls ? sendTls : send;
    this.agent = this.openAgent();
  }

  close(): void {
    this.agent.destroy();
  }

  /**
   * Streams both ways; the slower side sets the pace. The service may refuse an upload before it has come.
   *
   * @throws AntipodeError `service_unavailable`, `timed_out` before the first byte; later the connection is destroyed.
   */
  async relay(exchange: Exchange, target: string, action: TicketAction): Promise<void> {
    const { response, knock } = exchange;
    knock.visit.source = 'lfs';
    const agent = action === 'download' ? this.agent : this.openAgent();
    const call = this.open(exchange, target, agent);
    const stop = this.watch(exchange, call, action);
    try {
      const answer = await knock.visit.step('first_byte', () =>
        answerTo(call, exchange, this.waitOf(action)),
      );
      begin(response, answer);
      const limits = action === 'download' ? this.options.limits : this.options.uploadLimits;
      const body = { rest: answer, finished: Promise.resolve() };
      await knock.visit.step('stream', () => streamAnswer(response, body, limits));
    } finally {
      stop();
      if (action !== 'download') knock.visit.bytesIn = call.socket?.bytesWritten ?? 0;
      // Half an upload must look like one over there, too.
      if (!call.writableFinished || !response.writableEnded) call.destroy();
      if (agent !== this.agent) agent.destroy();
    }
  }

  private get isTls(): boolean {
    return this.options.target.startsWith('https:');
  }

  /**
   * What cannot be sent twice must not meet a connection that is closing, so each upload has an agent, and thereby a
   * connection, of its own. It says "keep-alive" all the same: the service then drops what still comes after a refusal,
   * instead of resetting the connection.
   */
  private openAgent(): Agent {
    return this.isTls ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  }

  private open({ request, knock }: Exchange, target: string, agent: Agent): ClientRequest {
    const { hostname, port } = new URL(this.options.target);
    return this.send({
      hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      method: request.method ?? 'GET',
      path: target,
      headers: pick(request, PASSED),
      agent,
      signal: knock.signal,
    });
  }

  private waitOf(action: TicketAction): number | undefined {
    return action === 'download' ? this.options.waitMs : undefined;
  }

  /** While an upload comes in, its bytes are what moves. */
  private watch({ request, response }: Exchange, call: ClientRequest, action: TicketAction): () => void {
    if (action === 'download') return () => undefined;
    const moved = (): number => request.socket.bytesRead + (call.socket?.bytesWritten ?? 0);
    return watchStream(response, this.options.uploadLimits, moved);
  }
}

/** Sends the request's body as it comes, and resolves to the head of the answer. */
function answerTo(
  call: ClientRequest,
  { request, response, knock }: Exchange,
  waitMs: number | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const timer =
      waitMs === undefined
        ? undefined
        : setTimeout(() => fail(new AntipodeError('timed_out', 'waiting for an object')), waitMs);
    const fail = (error: AntipodeError): void => {
      clearTimeout(timer);
      request.unpipe(call);
      reject(error);
      call.destroy();
    };
    call.on('error', (error: NodeJS.ErrnoException) =>
      fail(
        knock.signal.aborted
          ? new AntipodeError('cancelled', 'passing an object on')
          : new AntipodeError('service_unavailable', 'passing an object on', { reason: error.code }),
      ),
    );
    call.on('response', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    if (request.headers.expect?.toLowerCase() !== '100-continue') return void request.pipe(call);
    call.on('continue', () => {
      response.writeContinue();
      request.pipe(call);
    });
    call.flushHeaders();
  });
}

function begin(response: ServerResponse, answer: IncomingMessage): void {
  if (!response.req.complete) {
    // Refused before it had come: what still comes is dropped, so that the client hears why.
    response.req.unpipe();
    response.req.resume();
    closeAfter(response);
  }
  dropNodeHeaders(response);
  response.writeHead(answer.statusCode ?? 502, pick(answer, RETURNED));
}

function pick({ headers }: IncomingMessage, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string') picked[name] = value;
  }
  return picked;
}
