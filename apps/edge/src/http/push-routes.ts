import type { IncomingMessage, ServerResponse } from 'node:http';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import { FLUSH, writeErrorPacket, writeServiceHeader } from '@antipode/git-wire';
import { closeAfter, letContinue, lingerAndClose } from '@antipode/http-door';
import { BrokenPush } from '../push/broken-push.js';
import type { PushRelay } from '../push/push-relay.js';
import type { PushSentences } from '../push/push-sentences.js';
import { pour, Upload } from '../push/upload.js';
import type { PushMetrics } from '../telemetry/push-metrics.js';
import type { Hallway, Session } from '../session/hallway.js';
import { NotMirrored } from '../session/not-mirrored.js';
import { AnsweredError } from './answered-error.js';
import { breakOff } from './break-off.js';
import type { Exchange } from './exchange.js';
import { passableHeaders } from './passable-headers.js';
import { readBody, type ReadBodyOptions } from './read-body.js';
import { beginStream, refuse, sendBytes } from './respond.js';
import { contentType } from './routes.js';
import { NOT_FOUND_SENTENCE } from './sentences.js';
import { streamAnswer, type StreamLimits } from './stream-answer.js';

export interface PushRoutesOptions {
  /** `refuse`: this mirror takes no pushes, and says what helps. */
  readonly mode: 'relay' | 'refuse';
  readonly hallway: Hallway;
  readonly relay: PushRelay;
  readonly sentences: PushSentences;
  readonly metrics: PushMetrics;
  readonly limits: StreamLimits;
  /** Of a push; Infinity for none. */
  readonly maxBytes: number;
  /** Of a request that is not passed on. */
  readonly body: ReadBodyOptions;
}

const ADVERTISEMENT = contentType('git-receive-pack', 'advertisement');
const REQUEST = contentType('git-receive-pack', 'request');
const RESULT = contentType('git-receive-pack', 'result');
/** A chunked push begins with this probe, which asks for nothing but a status. */
const PROBE_BYTES = 4;

/** git-receive-pack of smart HTTP: everything goes to the primary and comes from it. gitprotocol-http(5). */
export class PushRoutes {
  constructor(private readonly options: PushRoutesOptions) {}

  /** `GET …/info/refs?service=git-receive-pack` */
  advertise(exchange: Exchange): Promise<void> {
    return forbidding(() => this.relayAdvertisement(exchange));
  }

  /** `POST …/git-receive-pack` */
  receive(exchange: Exchange): Promise<void> {
    return forbidding(() => this.relayPush(exchange));
  }

  private async relayAdvertisement(exchange: Exchange): Promise<void> {
    const { request, response, knock } = exchange;
    const session = await this.enter(exchange);
    if (this.options.mode === 'refuse') return this.refuseAdvertisement(response, session);
    const answer = await this.passing(session, () =>
      knock.visit.step('first_byte', () =>
        this.options.relay.advertisement(session, passableHeaders(request)),
      ),
    );
    knock.visit.source = 'passthrough';
    const stream = { rest: answer.body, finished: Promise.resolve() };
    try {
      beginStream(response, ADVERTISEMENT, answer.contentEncoding);
      await knock.visit.step('stream', () => streamAnswer(response, stream, this.options.limits));
    } finally {
      answer.leave();
    }
  }

  private async relayPush(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    const session = await this.enter(exchange);
    if (typeOf(request) !== REQUEST) return refuseType(response);
    if (Number(request.headers['content-length'] ?? 0) > this.options.maxBytes)
      throw new AntipodeError('too_large', 'taking a push', { limit: this.options.maxBytes });
    letContinue(request, response);
    if (this.options.mode === 'refuse') return this.refusePush(exchange, session);
    const contentEncoding = request.headers['content-encoding'];
    const upload = new Upload({ maxBytes: this.options.maxBytes, contentEncoding });
    pour(request, upload);
    try {
      await this.passing(session, () => this.relay(exchange, session, upload));
    } catch (error) {
      if (!(error instanceof BrokenPush)) throw error;
      breakOff(response);
      throw new AnsweredError(error);
    }
    finish(response);
  }

  private relay({ request, response }: Exchange, session: Session, upload: Upload): Promise<void> {
    const length = request.headers['content-length'];
    return this.options.relay.relay({
      door: 'http',
      session,
      headers: {
        ...passableHeaders(request),
        ...(length === undefined ? {} : { 'content-length': length }),
      },
      upload,
      client: response,
      begin: () => beginStream(response, RESULT),
    });
  }

  /** Who only hears that pushes are refused needs no more than the right to read. */
  private enter({ knock }: Exchange): Promise<Session> {
    const right = this.options.mode === 'refuse' ? 'read' : 'write';
    return this.options.hallway.enter({ ...knock, right });
  }

  /** Where the primary says no to what was allowed, the next request asks again. */
  private async passing<T>(session: Session, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code } = toAntipodeError(error, 'pushing');
      if (code === 'unauthenticated' || code === 'not_found' || code === 'denied')
        this.options.hallway.forget(session);
      throw error;
    }
  }

  private refuseAdvertisement(response: ServerResponse, { repository, visit }: Session): void {
    visit.push = 'refused';
    this.options.metrics.finished({ door: 'http', outcome: 'refused', bytes: 0 });
    // A good answer with an error in it: git prints the sentence alone, without talk of HTTP.
    const bytes = Buffer.concat([
      writeServiceHeader('git-receive-pack'),
      writeErrorPacket(this.options.sentences.refused(repository.path)),
    ]);
    sendBytes(response, ADVERTISEMENT, bytes);
  }

  /** Whoever comes here has not looked at our advertisement. */
  private async refusePush({ request, response }: Exchange, { repository }: Session): Promise<void> {
    if (Number(request.headers['content-length']) === PROBE_BYTES) {
      const { decoded, release } = await readBody(request, this.options.body);
      release();
      if (decoded.equals(FLUSH)) return sendBytes(response, RESULT, Buffer.alloc(0));
    }
    closeAfter(response);
    refuse(response, { status: 403, sentence: this.options.sentences.refused(repository.path) });
  }
}

/**
 * Bitbucket answers a push to what is missing or hidden with 403, not 404: somebody who may fetch but not push would
 * otherwise read that there is no such repository. Missing, hidden and not mirrored stay one answer.
 */
async function forbidding(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const known = toAntipodeError(error, 'pushing');
    if (known.code !== 'not_found') throw error;
    throw new AntipodeError('denied', known.message, known.context, {
      cause: known,
      hint: (known instanceof NotMirrored && known.hint) || NOT_FOUND_SENTENCE,
    });
  }
}

/** The primary may have answered before it had read everything: then nobody waits for the rest. */
function finish(response: ServerResponse): void {
  if (!response.headersSent) return sendBytes(response, RESULT, Buffer.alloc(0));
  const { socket, req } = response;
  response.end(() => {
    if (socket && !req.complete) lingerAndClose(socket);
  });
}

const typeOf = ({ headers }: IncomingMessage): string | undefined =>
  headers['content-type']?.split(';')[0]?.trim().toLowerCase();

const refuseType = (response: ServerResponse): void => {
  closeAfter(response);
  refuse(response, { status: 415, sentence: 'The content type is not the one of this service.' });
};
