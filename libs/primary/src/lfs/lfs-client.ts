import { request, type Dispatcher } from 'undici';
import type { RepositoryPath } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { LFS_MEDIA_TYPE, readBatchResponse, type BatchResponse } from '@antipode/lfs-wire';
import { connectionError, isStaleConnection } from '../http/connection-error.js';
import { isSendable } from '../http/is-sendable.js';
import { readBounded } from '../http/read-bounded.js';
import { LFS_USER_AGENT } from '../http/request-headers.js';
import { DOING, lfsError } from './lfs-error.js';
import type { LfsQuestion, PrimaryLfs } from './primary-lfs.js';

export interface LfsClientOptions {
  readonly agent: Dispatcher;
  /** Longest silence; a host that looks up a hundred objects may be slower than one that looks up a ref. */
  readonly timeoutMs: number;
  readonly gitUrl: (path: RepositoryPath) => string;
}

const REFUSAL_BYTES = 16 * 1024;
const ANSWER_BYTES = 256 * 1024;
/** Signed links are long, and come with headers. */
const ANSWER_BYTES_PER_OBJECT = 32 * 1024;
const MOST_ANSWER_BYTES = 32 * 1024 * 1024;
/** The whole answer, in times of the longest silence. */
const PATIENCE = 3;

/** The batch endpoint of a host's LFS server. Spec: git-lfs docs/api/batch.md. */
export class LfsClient implements PrimaryLfs {
  constructor(private readonly options: LfsClientOptions) {}

  /** Always below ".git", where git-lfs looks for it. Spec: docs/api/server-discovery.md. */
  url(path: RepositoryPath): string {
    const gitUrl = this.options.gitUrl(path);
    return `${gitUrl}${gitUrl.endsWith('.git') ? '' : '.git'}/info/lfs`;
  }

  async batch(question: LfsQuestion, signal?: AbortSignal): Promise<BatchResponse> {
    const { authorization } = question;
    // A credential that no header can carry is one that no host knows.
    if (authorization !== undefined && !isSendable(authorization))
      throw new AntipodeError('unauthenticated', DOING);
    const deadline = AbortSignal.timeout(this.options.timeoutMs * PATIENCE);
    const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
    try {
      return await this.read(await this.send(question, either), question);
    } catch (error) {
      throw error instanceof AntipodeError ? error : connectionError(error, DOING, signal);
    }
  }

  private async send(question: LfsQuestion, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const ask = (): Promise<Dispatcher.ResponseData> =>
      request(`${this.url(question.path)}/objects/batch`, {
        method: 'POST',
        dispatcher: this.options.agent,
        signal,
        headers: {
          'user-agent': LFS_USER_AGENT,
          accept: LFS_MEDIA_TYPE,
          'content-type': LFS_MEDIA_TYPE,
          ...(question.authorization === undefined ? {} : { authorization: question.authorization }),
        },
        body: JSON.stringify({
          operation: question.operation,
          transfers: ['basic'],
          ...(question.ref === undefined ? {} : { ref: { name: question.ref } }),
          objects: question.objects.map(({ oid, size }) => ({ oid, size })),
          hash_algo: 'sha256',
        }),
      });
    try {
      return await ask();
    } catch (error) {
      // A question changes nothing: it may be asked twice.
      if (isStaleConnection(error) && !signal.aborted) return ask();
      throw error;
    }
  }

  private async read(
    { statusCode, headers, body }: Dispatcher.ResponseData,
    { objects }: LfsQuestion,
  ): Promise<BatchResponse> {
    if (statusCode !== 200) {
      const { bytes } = await readBounded(body, REFUSAL_BYTES);
      throw lfsError(statusCode, headers, bytes);
    }
    const limit = Math.min(ANSWER_BYTES + objects.length * ANSWER_BYTES_PER_OBJECT, MOST_ANSWER_BYTES);
    const { bytes, truncated } = await readBounded(body, limit);
    if (truncated) throw new AntipodeError('primary_misbehaved', DOING, { limit });
    return onlyAsked(readBatchResponse(bytes), objects);
  }
}

/** Links to what nobody asked for are nobody's business; links for a transfer that we did not offer are no links. */
function onlyAsked(response: BatchResponse, asked: LfsQuestion['objects']): BatchResponse {
  if (response.transfer !== 'basic')
    throw new AntipodeError('primary_misbehaved', DOING, { transfer: response.transfer });
  const oids = new Set(asked.map(({ oid }) => oid));
  return { ...response, objects: response.objects.filter(({ oid }) => oids.has(oid)) };
}
