import type { IncomingMessage } from 'node:http';
import type { KeyObject } from 'node:crypto';
import type { Right } from '@antipode/domain';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import {
  isLfsMediaType,
  LFS_MEDIA_TYPE,
  readBatchRequest,
  type BatchRequest,
  type BatchResponse,
} from '@antipode/lfs-wire';
import type { Primary } from '@antipode/primary';
import { enterWithToken } from '../lfs/enter-with-token.js';
import type { LfsBatch } from '../lfs/lfs-batch.js';
import type { LfsSentences } from '../lfs/lfs-sentences.js';
import { isTokenFor } from '../lfs/lfs-token.js';
import { lockTarget } from '../lfs/lock-target.js';
import { readJsonObject, type LocksRelay } from '../lfs/locks-relay.js';
import type { Hallway, Session } from '../session/hallway.js';
import type { Exchange } from './exchange.js';
import { answeringInJson, refuseLfs } from './lfs-refusal.js';
import { readBody, type ReadBodyOptions } from './read-body.js';
import { sendBytesAs } from './respond.js';

export interface LfsRoutesOptions {
  readonly primary: Pick<Primary, 'displayName'>;
  readonly hallway: Hallway;
  readonly batch: LfsBatch;
  readonly locks: LocksRelay;
  readonly sentences: LfsSentences;
  readonly tokenKey: KeyObject;
  /** `refuse`: this mirror takes no pushes, and so no uploads. */
  readonly pushes: 'relay' | 'refuse';
  readonly body: ReadBodyOptions;
}

/** The LFS API below "info/lfs". Turns requests into questions, and answers and failures into its JSON. */
export class LfsRoutes {
  constructor(private readonly options: LfsRoutesOptions) {}

  close(): Promise<void> {
    return this.options.locks.close();
  }

  /** `POST …/objects/batch` Spec: git-lfs docs/api/batch.md. */
  batch(exchange: Exchange): Promise<void> {
    return this.answering(exchange, async () => {
      if (!this.isSpoken(exchange, ['POST'])) return;
      // The body of somebody who may not even read is not worth the memory.
      await this.enter(exchange, 'read', 'download');
      const request = await this.read(exchange, readBatchRequest);
      // The answer must name one of those that the client listed, and there is no other here.
      if (!request.transfers.includes('basic'))
        return this.refuse(exchange, 422, 'This mirror has the transfer adapter "basic" and no other.');
      const session = await this.enterFor(exchange, request);
      const objects = await this.passing(session, () => this.options.batch.answer(session, request));
      send(exchange, 200, { transfer: 'basic', objects, hash_algo: 'sha256' } satisfies BatchResponse);
    });
  }

  /** `…/locks…` Spec: git-lfs docs/api/locking.md. */
  locks(exchange: Exchange): Promise<void> {
    return this.answering(exchange, async () => {
      const { request, route, knock } = exchange;
      if (!this.isSpoken(exchange, route.rest === 'locks' ? ['GET', 'POST'] : ['POST'])) return;
      const method = request.method === 'GET' ? 'GET' : 'POST';
      const isList = method === 'GET';
      const { caller } = enterWithToken(knock, this.options.tokenKey);
      // A list apart, all need the right to write, and be it that the primary is not as strict: what the connection may do
      // on behalf of an access key must not be more than the key may.
      const right = isList || caller.kind === 'agent' ? 'read' : 'write';
      const session = await this.enter(exchange, right, isList ? 'download' : 'upload');
      if (session.caller.kind === 'agent')
        throw new AntipodeError(
          'unsupported',
          'locking',
          {},
          { hint: this.options.sentences.agentCannotLock() },
        );
      const target = lockTarget(route.rest, route.query);
      if (target === undefined) return this.refuse(exchange, 404, 'There is no such lock.');
      const body = isList ? undefined : await this.read(exchange, requireJson);
      knock.visit.source = 'passthrough';
      const asked = { method, target, ...(body ? { body } : {}) } as const;
      const answer = await this.passing(session, () => this.options.locks.ask(session, asked));
      sendBytesAs(exchange.response, answer.status, LFS_MEDIA_TYPE, answer.body);
    });
  }

  unknown(exchange: Exchange): Promise<void> {
    return this.answering(exchange, () =>
      Promise.resolve(this.refuse(exchange, 404, 'The LFS API of this mirror has no such address.')),
    );
  }

  private answering({ response, knock }: Exchange, work: () => Promise<void>): Promise<void> {
    const primary = this.options.primary.displayName;
    return answeringInJson({ response, visit: knock.visit, primary, door: 'api' }, work);
  }

  /** The caller speaks the LFS API; otherwise it has been told. */
  private isSpoken(exchange: Exchange, methods: readonly string[]): boolean {
    const { headers, method = '' } = exchange.request;
    if (!methods.includes(method))
      this.refuse(exchange, 405, 'This method has no meaning here.', { Allow: methods.join(', ') });
    else if (!accepts(headers.accept))
      this.refuse(exchange, 406, `The Accept header must allow ${LFS_MEDIA_TYPE}.`);
    else if (
      method === 'POST' &&
      headers['content-type'] !== undefined &&
      !isJsonType(headers['content-type'])
    )
      this.refuse(exchange, 415, `The Content-Type must be ${LFS_MEDIA_TYPE}.`);
    else if (!ENCODINGS.has(headers['content-encoding']?.toLowerCase() ?? ''))
      this.refuse(exchange, 415, 'A body may be compressed by gzip, or not at all.');
    else return true;
    return false;
  }

  private async read<T>({ request, knock }: Exchange, parse: (body: Buffer) => T): Promise<T> {
    const { visit } = knock;
    const body = await visit.step('body', () => readBody(request, this.options.body));
    visit.bytesIn = body.raw.length;
    try {
      return parse(body.decoded);
    } finally {
      body.release();
    }
  }

  private async enterFor(exchange: Exchange, { operation }: BatchRequest): Promise<Session> {
    if (operation === 'download') return this.enter(exchange, 'read', operation);
    const { sentences, pushes, tokenKey } = this.options;
    const { caller } = enterWithToken(exchange.knock, tokenKey);
    const isAccessKey = caller.kind === 'holder' && caller.holder.holder?.$case === 'accessKeyId';
    if (pushes === 'relay' && caller.kind !== 'agent' && !isAccessKey)
      return this.enter(exchange, 'write', operation);
    // Who only hears why an upload is refused needs no more than the right to read.
    const { path } = (await this.enter(exchange, 'read', operation)).repository;
    const hint =
      pushes === 'refuse'
        ? sentences.uploadsRefused(path)
        : isAccessKey
          ? sentences.readOnlyKey(path)
          : sentences.agentCannotUpload(path);
    throw new AntipodeError('denied', 'uploading LFS objects', {}, { hint });
  }

  /** @throws AntipodeError as the hallway; who may read and not write hears just that. */
  private async enter(
    exchange: Exchange,
    right: Right,
    operation: BatchRequest['operation'],
  ): Promise<Session> {
    const { hallway, sentences, tokenKey } = this.options;
    const { token, ...knock } = { ...exchange.knock, ...enterWithToken(exchange.knock, tokenKey) };
    if (token?.operation === 'download' && operation === 'upload')
      throw new AntipodeError('denied', 'entering with a token', {}, { hint: sentences.downloadTokenOnly() });
    const session = await hallway.enter({ ...knock, right }).catch(async (error: unknown) => {
      if (right === 'read' || toAntipodeError(error, 'entering').code !== 'not_found') throw error;
      // A no to a writer is "not found" where the primary hides; to a reader it must not be.
      await hallway.enter({ ...knock, right: 'read' });
      throw new AntipodeError('denied', 'entering to write', {}, { hint: sentences.readOnly() });
    });
    if (token && !isTokenFor(token, session.repository))
      throw new AntipodeError('not_found', 'entering with a token of another repository');
    return session;
  }

  /** Where the primary says no to what was allowed, the next request asks again. */
  private async passing<T>(session: Session, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code } = toAntipodeError(error, 'asking for LFS');
      if (code === 'unauthenticated' || code === 'not_found' || code === 'denied')
        this.options.hallway.forget(session);
      throw error;
    }
  }

  private refuse(
    { response, knock }: Exchange,
    status: number,
    sentence: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    refuseLfs(response, knock.visit, { status, sentence, headers });
  }
}

function send({ response }: Exchange, status: number, body: object): void {
  sendBytesAs(response, status, LFS_MEDIA_TYPE, Buffer.from(`${JSON.stringify(body)}\n`));
}

function requireJson(body: Buffer): Buffer {
  if (!readJsonObject(body)) throw new AntipodeError('invalid', 'reading a question about locks');
  return Buffer.from(body);
}

const ENCODINGS: ReadonlySet<string> = new Set(['', 'identity', 'gzip', 'x-gzip']);

/** git-lfs always says it; people with curl say anything, or nothing. RFC 9110 §12.5.1. */
const accepts = (header: string | undefined): boolean =>
  header === undefined ||
  header.split(',').some((range) => isJsonType(range) || /^\s*(?:\*|application)\/\*\s*(?:;|$)/.test(range));

const isJsonType = (header: IncomingMessage['headers']['content-type']): boolean =>
  isLfsMediaType(header) || header?.split(';')[0]?.trim().toLowerCase() === 'application/json';
