import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Knocker } from '../access/principal.js';
import { admit, type GitService } from '../git/admit.js';
import { authenticateRequest } from '../git/authenticate-request.js';
import { Refused, TEXT } from '../git/refused.js';
import { add } from '../http/count.js';
import { BodyNotJson, BodyTooLarge, parseJson, readBody } from '../http/read-body.js';
import { findRoute, type Match, type Route } from '../http/route-table.js';
import type { Simulator } from '../simulator.js';
import type { Repository } from '../state/model.js';
import { answerBatch, operationOf } from './batch.js';
import type { LfsAnswer, LfsCall } from './lfs-call.js';
import type { LfsPath } from './lfs-path.js';
import { createLock, listLocks, removeLock, verifyLocks } from './locks.js';

export const LFS_MEDIA_TYPE = 'application/vnd.git-lfs+json';

const LARGEST_BODY = 1024 * 1024;

interface LfsRoute extends Route {
  /** The right that it takes. */
  readonly right: (body: unknown) => 'read' | 'write';
  readonly handle: (call: LfsCall) => LfsAnswer | Promise<LfsAnswer>;
}

const BATCH: LfsRoute = {
  method: 'POST',
  path: '/objects/batch',
  right: (body) => (operationOf(body) === 'upload' ? 'write' : 'read'),
  handle: answerBatch,
};

const ROUTES: readonly LfsRoute[] = [
  BATCH,
  { method: 'GET', path: '/locks', right: () => 'read', handle: listLocks },
  { method: 'POST', path: '/locks', right: () => 'write', handle: createLock },
  { method: 'POST', path: '/locks/verify', right: () => 'write', handle: verifyLocks },
  { method: 'POST', path: '/locks/:id/unlock', right: () => 'write', handle: removeLock },
];

/** `…/info/lfs/…`: batches and locks, under the same law as git. */
export class LfsDoor {
  constructor(private readonly sim: Simulator) {}

  async answer(
    req: IncomingMessage,
    res: ServerResponse,
    path: LfsPath,
    query: URLSearchParams,
  ): Promise<void> {
    let bytesIn = 0;
    let answer: LfsAnswer;
    try {
      const match = findRoute(ROUTES, req.method ?? 'GET', path.tail);
      if ('missing' in match) throw new Refused(match.missing === 'method' ? 405 : 404, 'Not found');
      if (match.found.route === BATCH && (await this.#strike(req, res))) return;
      if (Number(req.headers['content-length'] ?? 0) > LARGEST_BODY) throw new BodyTooLarge();
      const raw = await readBody(req, LARGEST_BODY);
      bytesIn = raw.length;
      answer = await this.#handle(req, raw, path, { ...match.found, query });
    } catch (error) {
      req.resume();
      answer = refusal(error);
    }
    const bytesOut = write(res, answer);
    add(this.sim.counters.counts.lfs.api, { status: answer.status, bytesIn, bytesOut });
  }

  async #handle(
    req: IncomingMessage,
    raw: Buffer,
    path: LfsPath,
    { route, params, query }: Match<LfsRoute> & { query: URLSearchParams },
  ): Promise<LfsAnswer> {
    const isLock = route !== BATCH;
    if (isLock) this.sim.counters.counts.lfs.locks += 1;
    const { lfsLocking } = this.sim.store.state.settings;
    const isAbsent = isLock && lfsLocking !== 'on';
    const who = this.#whoIs(req, path);
    checkMediaTypes(req);
    const body = parseJson(raw);
    const right = isAbsent ? 'read' : route.right(body);
    const repository = this.#admit(who, path, right);
    if (isAbsent) throw new Refused(lfsLocking, 'Git LFS file locking is not supported.');
    const hostname = new URL(`http://${req.headers.host ?? 'localhost'}`).hostname;
    const call = { sim: this.sim, repository, who: who.knocker, params, query, body, hostname };
    return route.handle(call);
  }

  /** By one of git's credentials, or by a token that SSH has given out. */
  #whoIs(req: IncomingMessage, path: LfsPath): LfsCaller {
    const grant = this.sim.lfsTokens.find(req.headers.authorization);
    if (grant === 'unknown') throw new Refused(401, TEXT.unauthenticated);
    if (grant === undefined) return { knocker: authenticateRequest(this.sim, req, path) };
    return { knocker: grant.holder, only: grant };
  }

  #admit({ knocker, only }: LfsCaller, { workspace, slug }: LfsPath, right: 'read' | 'write'): Repository {
    const service: GitService = right === 'write' ? 'git-receive-pack' : 'git-upload-pack';
    const repository = admit(this.sim, { who: knocker, workspace, slug, service, asks: 'everything' });
    if (
      only &&
      (only.repositoryUuid !== repository.uuid || (right === 'write' && only.operation !== 'upload'))
    )
      throw new Refused(403, TEXT.scope);
    return repository;
  }

  /** True when a fault has answered a batch, or never will. */
  async #strike(req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    const { faults, live, counters } = this.sim;
    const count = (status: number, bytesOut: number): true => {
      add(counters.counts.lfs.api, { status, bytesIn: 0, bytesOut });
      return true;
    };
    const refused = faults.takeLfs('refused');
    if (refused) {
      req.resume();
      if (refused.retryAfterSeconds !== undefined) res.setHeader('Retry-After', refused.retryAfterSeconds);
      const message = refused.status === 429 ? TEXT.limited : TEXT.unavailable;
      return count(refused.status, write(res, { status: refused.status, json: { message } }));
    }
    if (faults.takeLfs('garbage')) {
      req.resume();
      res.setHeader('Content-Type', LFS_MEDIA_TYPE);
      const page = '<!DOCTYPE html><html><body>Be right back</body></html>';
      res.end(page);
      return count(200, page.length);
    }
    if (!faults.takeLfs('silent')) return false;
    req.resume();
    res.once(
      'close',
      live.add(() => res.destroy(), undefined),
    );
    await once(res, 'close');
    return count(0, 0);
  }
}

interface LfsCaller {
  readonly knocker: Knocker;
  /** What a token from SSH is limited to. */
  readonly only?: { readonly repositoryUuid: string; readonly operation: 'download' | 'upload' };
}

function checkMediaTypes(req: IncomingMessage): void {
  const { accept = '', 'content-type': type = '' } = req.headers;
  if (!accept.includes(LFS_MEDIA_TYPE)) throw new Refused(406, `Accept has to be ${LFS_MEDIA_TYPE}.`);
  const isRight = type.split(';')[0]?.trim().toLowerCase() === LFS_MEDIA_TYPE;
  if (req.method !== 'GET' && !isRight) throw new Refused(415, `Content-Type has to be ${LFS_MEDIA_TYPE}.`);
}

function refusal(error: unknown): LfsAnswer {
  const { status, message } = refusedBy(error);
  if (status === 500) process.stderr.write(`${String(error)}\n`);
  return {
    status,
    json: {
      message,
      documentation_url: 'https://support.atlassian.com/bitbucket-cloud/',
      request_id: randomUUID(),
    },
  };
}

function refusedBy(error: unknown): { status: number; message: string } {
  if (error instanceof Refused) return error;
  if (error instanceof BodyTooLarge) return { status: 413, message: 'The request is too large.' };
  if (error instanceof BodyNotJson) return { status: 422, message: 'The request is no JSON.' };
  return { status: 500, message: 'Internal Server Error' };
}

/** @returns the bytes of the body */
function write(res: ServerResponse, { status, json }: LfsAnswer): number {
  const body = JSON.stringify(json);
  res.statusCode = status;
  if (status === 401) {
    res.setHeader('LFS-Authenticate', 'Basic realm="Bitbucket.org HTTP"');
    res.setHeader('WWW-Authenticate', 'Basic realm="Bitbucket.org HTTP"');
  }
  res.setHeader('Content-Type', `${LFS_MEDIA_TYPE}; charset=utf-8`);
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(body);
  return Buffer.byteLength(body);
}
