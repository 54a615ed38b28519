import type { IncomingMessage, ServerResponse } from 'node:http';
import { isGitService } from '@antipode/domain';
import { isRefusal, toAntipodeError } from '@antipode/errors';
import { readProtocolVersion, writeErrorPacket, type ProtocolVersion } from '@antipode/git-wire';
import type { Primary } from '@antipode/primary';
import { closeAfter } from '@antipode/http-door';
import type { Answer, UploadPackAnswerer } from '../session/answer-upload-pack.js';
import type { Hallway, Session } from '../session/hallway.js';
import type { Mirror } from '../session/mirrors.js';
import type { PassedRequest, PassThrough } from '../session/pass-through.js';
import { withoutFilter } from '../session/primary-filter.js';
import { AnsweredError } from './answered-error.js';
import type { Exchange } from './exchange.js';
import { passableHeaders } from './passable-headers.js';
import type { PushRoutes } from './push-routes.js';
import { readBody, type ReadBodyOptions } from './read-body.js';
import { beginStream, refuse, sendBytes } from './respond.js';
import { contentType } from './routes.js';
import { refusalFor } from './sentences.js';
import { streamAnswer, type StreamLimits } from './stream-answer.js';

export interface GitRoutesOptions {
  readonly primary: Primary;
  readonly hallway: Hallway;
  readonly answerer: UploadPackAnswerer;
  readonly passThrough: PassThrough;
  readonly push: PushRoutes;
  readonly limits: StreamLimits;
  readonly body: ReadBodyOptions;
}

const ADVERTISEMENT = contentType('git-upload-pack', 'advertisement');
const RESULT = contentType('git-upload-pack', 'result');
/** Smart HTTP: gitprotocol-http(5). Turns requests into questions to the hallway, and answers into HTTP. */
export class GitRoutes {
  constructor(private readonly options: GitRoutesOptions) {}

  /** `GET …/info/refs?service=…` */
  async infoRefs(exchange: Exchange): Promise<void> {
    const service = new URLSearchParams(exchange.route.query).get('service');
    if (service === null) return this.dumb(exchange);
    if (!isGitService(service))
      return refuse(exchange.response, { status: 403, sentence: "This service is none of git's." });
    if (service === 'git-receive-pack') return this.options.push.advertise(exchange);
    const session = await this.options.hallway.enter(exchange.knock);
    const version = versionOf(exchange);
    const answer = await this.options.answerer.advertise(session, version);
    await this.send({ ...exchange, session, version }, answer, {
      type: ADVERTISEMENT,
      method: 'GET',
      suffix: '/info/refs?service=git-upload-pack',
      fromFallback: async (mirror) => this.options.answerer.advertisementOf(mirror, session, version),
    });
  }

  /** `POST …/git-upload-pack` */
  async uploadPack(exchange: Exchange): Promise<void> {
    const { request, response, knock } = exchange;
    const session = await this.options.hallway.enter(knock);
    if (!isType(request, contentType('git-upload-pack', 'request'))) return refuseType(response);
    const version = versionOf(exchange);
    const body = await knock.visit.step('body', () => readBody(request, this.options.body));
    knock.visit.bytesIn = body.raw.length;
    try {
      const answer = await this.options.answerer.answer(session, version, body.decoded);
      await this.send({ ...exchange, session, version }, answer, {
        type: RESULT,
        method: 'POST',
        suffix: '/git-upload-pack',
        body: { ...body, hasFilter: answer.kind === 'pass' && answer.hasFilter === true },
        fromFallback: (mirror) => this.options.answerer.answerFrom(mirror, session, version, body.decoded),
      });
    } catch (error) {
      this.failInProtocol(response, error);
    } finally {
      body.release();
    }
  }

  /** `POST …/git-receive-pack` */
  receivePack(exchange: Exchange): Promise<void> {
    return this.options.push.receive(exchange);
  }

  /** A client that asks for files instead of a service; git gave this up in 2010. */
  dumb({ response }: Exchange): void {
    refuse(response, {
      status: 403,
      sentence: 'This mirror speaks smart HTTP only: use git 1.6.6 or newer.',
    });
  }

  private async send(call: Call, answer: Answer, how: How): Promise<void> {
    const { response, knock, session } = call;
    if (answer.kind === 'bytes') return sendBytes(response, how.type, answer.bytes);
    if (answer.kind === 'git') {
      const { opening, rest, finished, leave } = answer.answer;
      beginStream(response, how.type);
      return knock.visit
        .step('stream', () => streamAnswer(response, { opening, rest, finished }, this.options.limits))
        .finally(leave);
    }
    knock.visit.passedBecause = answer.because;
    try {
      await this.relay(call, how);
    } catch (error) {
      const { code } = toAntipodeError(error, 'passing through');
      if (code === 'unauthenticated' || code === 'not_found' || code === 'denied')
        this.options.hallway.forget(session);
      if (response.headersSent || code !== 'primary_unavailable' || !answer.fallback) throw error;
      knock.visit.outage = true;
      await this.send(call, await how.fromFallback(answer.fallback), how);
    }
  }

  private async relay({ request, response, knock, session }: Call, how: How): Promise<void> {
    const passed = await this.passed(request, session, how);
    const answer = await knock.visit.step('first_byte', () =>
      this.options.passThrough.relay(session, passed),
    );
    knock.visit.source = 'passthrough';
    try {
      beginStream(response, how.type, answer.contentEncoding);
      await knock.visit.step('stream', () =>
        streamAnswer(response, { rest: answer.body, finished: Promise.resolve() }, this.options.limits),
      );
    } finally {
      answer.leave();
    }
  }

  private async passed(request: IncomingMessage, session: Session, how: How): Promise<PassedRequest> {
    const { method, suffix, type: answerType, body } = how;
    const passed = { method, suffix, answerType, headers: passableHeaders(request) };
    if (!body) return passed;
    if (!body.hasFilter || (await this.options.passThrough.takesFilter(session)))
      return { ...passed, body: body.raw };
    const headers = { ...passed.headers };
    delete headers['content-encoding'];
    return { ...passed, headers, body: withoutFilter(body.decoded) };
  }

  /** The conversation has begun, so git would show nothing of an HTTP status; an error packet it prints. */
  private failInProtocol(response: ServerResponse, error: unknown): void {
    const known = toAntipodeError(error, 'answering git-upload-pack');
    const isHttpMatter = isRefusal(known.code) || known.code === 'busy' || known.code === 'cancelled';
    if (response.headersSent || isHttpMatter) throw error;
    sendBytes(
      response,
      RESULT,
      writeErrorPacket(refusalFor(known, this.options.primary.displayName).sentence),
    );
    throw new AnsweredError(known);
  }
}

interface Call extends Exchange {
  readonly session: Session;
  readonly version: ProtocolVersion;
}

interface How {
  readonly type: string;
  readonly method: 'GET' | 'POST';
  readonly suffix: string;
  readonly body?: { readonly raw: Buffer; readonly decoded: Buffer; readonly hasFilter: boolean };
  /** The answer of an epoch that only the outage policy lets stand. */
  readonly fromFallback: (mirror: Mirror) => Promise<Answer>;
}

function versionOf({ request, knock }: Exchange): ProtocolVersion {
  const header = request.headers['git-protocol'];
  const version = readProtocolVersion(Array.isArray(header) ? header.join(':') : header);
  knock.visit.protocol = version;
  return version;
}

const isType = (request: IncomingMessage, type: string): boolean =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() === type;

const refuseType = (response: ServerResponse): void => {
  closeAfter(response);
  refuse(response, { status: 415, sentence: 'The content type is not the one of this service.' });
};
