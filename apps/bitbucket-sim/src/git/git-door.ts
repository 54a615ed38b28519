import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authenticateGit, mayIgnoreBadCredential } from '../access/authenticate.js';
import { atLeast, permissionOn } from '../access/permission.js';
import { identityOf, type Principal } from '../access/principal.js';
import { missingScopes, SCOPES } from '../access/scopes.js';
import { Meter } from '../http/meter.js';
import type { Simulator } from '../simulator.js';
import { findRepository } from '../state/lookup.js';
import type { Repository, Settings } from '../state/model.js';
import type { GitPath } from './git-path.js';
import { serveByHttpBackend } from './http-backend.js';
import { readRefUpdates, type RefUpdate } from './ref-update.js';

/** §10: what git prints after `remote: `. */
const TEXT = {
  missing:
    "The requested repository either does not exist or you do not have access. If you believe this repository exists and you have access, make sure you're authenticated.",
  scope: 'Your credentials lack one or more required privilege scopes.',
  ipAllowlist: 'To access this repository, an admin must whitelist your IP.',
  twoStep: 'To access this repository, enable two-step authentication.',
  unauthenticated: 'Token is invalid, expired, or not supported for this endpoint.',
  limited: 'Rate limit for this resource has been exceeded',
  dumb: 'This server speaks the smart HTTP protocol only.',
  readOnly: 'This repository is in read-only mode while maintenance is under way.',
  quota: 'Repository is over the size limit (4 GB) and will not accept further additions.',
} as const;

/** A refusal in git's manner. */
class Refused extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

interface Conversation {
  readonly path: GitPath;
  readonly query: URLSearchParams;
  readonly service: 'git-upload-pack' | 'git-receive-pack';
}

/** Answers the smart HTTP requests: the law here, the protocol by the stock `git http-backend`. */
export class GitDoor {
  constructor(private readonly sim: Simulator) {}

  async answer(
    req: IncomingMessage,
    res: ServerResponse,
    path: GitPath,
    query: URLSearchParams,
    cutAfter?: number,
  ): Promise<void> {
    const meterIn = new Meter(Infinity, (chunk) => this.#noteCommand(path, chunk));
    const meterOut = new Meter(cutAfter);
    const name = `${path.workspace}/${path.slug}`;
    let refusalBytes = 0;
    try {
      const conversation = { path, query, service: serviceOf(req, path, query) };
      const { principal, repository } = this.#admit(req, conversation);
      this.sim.live.add(res, principal.kind === 'anonymous' ? undefined : principal.token.id);
      await this.#serve(req, res, { conversation, principal, repository, meterIn, meterOut });
    } catch (error) {
      refusalBytes = refuse(req, res, error);
    } finally {
      const bytesOut = meterOut.bytes + refusalBytes;
      this.sim.counters.git(name, path.operation, {
        status: res.statusCode,
        bytesIn: meterIn.bytes,
        bytesOut,
      });
    }
  }

  /** knock → who? → how often? → may they?; throws a Refused. */
  #admit(
    req: IncomingMessage,
    { path, service }: Conversation,
  ): { principal: Principal; repository: Repository } {
    const { state } = this.sim.store;
    const { settings } = state;
    const repository = findRepository(state, path.workspace, path.slug);
    const principal = this.#authenticate(req, repository);
    const taken = this.sim.limits.take('git', identityOf(principal), settings.limits);
    if (taken?.allowed === false) throw new Refused(429, TEXT.limited);
    const permission = repository && permissionOn(state, principal, repository);
    // Anonymous callers learn nothing but that they are: also not whether the repository exists.
    if (principal.kind === 'anonymous' && (!permission || service === 'git-receive-pack'))
      throw new Refused(401, TEXT.unauthenticated);
    if (!repository || !permission) throw new Refused(settings.missingStatus, TEXT.missing);
    refuseByPolicy(repository);
    const need = service === 'git-receive-pack' ? SCOPES.writeRepository : SCOPES.readRepository;
    if (repository.isPrivate || service === 'git-receive-pack') {
      if (missingScopes(principal, need).length > 0) throw new Refused(403, TEXT.scope);
    }
    if (service === 'git-receive-pack') this.#admitPush(path, settings, atLeast(permission, 'write'));
    return { principal, repository };
  }

  #authenticate(req: IncomingMessage, repository: Repository | undefined): Principal {
    const { state } = this.sim.store;
    const address = req.socket.remoteAddress ?? '';
    const principal = authenticateGit(state, req.headers.authorization, address);
    if (principal) return principal;
    if (repository?.isPrivate === false && mayIgnoreBadCredential(state.settings))
      return { kind: 'anonymous', address };
    throw new Refused(401, TEXT.unauthenticated);
  }

  #admitPush(path: GitPath, settings: Settings, mayWrite: boolean): void {
    if (this.sim.faults.plan.readOnly) throw new Refused(403, TEXT.readOnly);
    const lenient = path.operation === 'info-refs' && settings.readerReceivePackAdvertisement === 200;
    if (!mayWrite && !lenient) throw new Refused(403, TEXT.missing);
  }

  async #serve(
    req: IncomingMessage,
    res: ServerResponse,
    served: {
      conversation: Conversation;
      principal: Principal;
      repository: Repository;
      meterIn: Meter;
      meterOut: Meter;
    },
  ): Promise<void> {
    const { conversation, principal, repository, meterIn, meterOut } = served;
    const isPush = conversation.path.operation === 'receive-pack';
    const scratch = isPush ? await mkdtemp(join(tmpdir(), 'bitbucket-sim-push-')) : undefined;
    const pushFile = scratch && join(scratch, 'updates');
    const { settings } = this.sim.store.state;
    try {
      await serveByHttpBackend(req, res, {
        projectRoot: this.sim.disk.root,
        pathInfo: `/${this.sim.disk.folder(repository)}/${conversation.path.tail}`,
        query: conversation.query.toString(),
        user: principal.kind === 'anonymous' ? undefined : nameOf(principal),
        protocol: allowedProtocol(req, settings),
        config: this.#config(settings),
        environment: pushFile ? this.#pushEnvironment(repository, pushFile, settings) : {},
        meterIn,
        meterOut,
        beforeEnd: async () => {
          if (pushFile) await this.#recordPush(repository, principal, pushFile);
        },
      });
    } finally {
      if (scratch) await rm(scratch, { recursive: true, force: true });
    }
  }

  async #recordPush(repository: Repository, principal: Principal, pushFile: string): Promise<void> {
    const text = await readFile(pushFile, 'utf8').catch(() => '');
    const updates: RefUpdate[] = readRefUpdates(text);
    await this.sim.pushes.record(repository, actorOf(principal), updates);
  }

  #config(settings: Settings): Record<string, string> {
    return {
      'core.hooksPath': this.sim.disk.hooksDirectory,
      'http.receivepack': 'true',
      // The smart protocol only: no object is ever served by its path.
      'http.getanyfile': 'false',
      'http.maxRequestBuffer': '100m',
      'receive.denyDeleteCurrent': 'ignore',
      'receive.autogc': 'false',
      'uploadpack.allowFilter': String(settings.filter),
      'pack.threads': '1',
    };
  }

  #pushEnvironment(repository: Repository, pushFile: string, settings: Settings): Record<string, string> {
    const isFull = repository.sizeBytes > settings.repositorySizeLimitBytes;
    return {
      SIM_PUSH_FILE: pushFile,
      SIM_PROTECTED: (repository.protectedBranches ?? []).join(' '),
      SIM_FILE_LIMIT: String(settings.fileSizeLimitBytes),
      ...(isFull ? { SIM_REFUSE_PUSH: TEXT.quota } : {}),
    };
  }

  /** Counts v2 commands apart: "a thousand readers cost one ls-refs" must be countable. */
  #noteCommand({ operation }: GitPath, chunk: Buffer): void {
    if (operation !== 'upload-pack') return;
    const command = /^[0-9a-f]{4}command=([a-z-]+)/.exec(chunk.subarray(0, 64).toString('latin1'))?.[1];
    if (command) this.sim.counters.gitCommand(command);
  }
}

function serviceOf(req: IncomingMessage, path: GitPath, query: URLSearchParams): Conversation['service'] {
  const service = path.operation === 'info-refs' ? query.get('service') : path.tail;
  const method = path.operation === 'info-refs' ? ['GET', 'HEAD'] : ['POST'];
  if (!method.includes(req.method ?? '')) throw new Refused(405, 'Method Not Allowed');
  if (service === 'git-upload-pack' || service === 'git-receive-pack') return service;
  throw new Refused(403, TEXT.dumb);
}

function refuseByPolicy({ refusal, isPrivate }: Repository): void {
  if (!isPrivate) return;
  if (refusal === 'ip-allowlist') throw new Refused(403, TEXT.ipAllowlist);
  if (refusal === 'two-step') throw new Refused(403, TEXT.twoStep);
}

const nameOf = (principal: Exclude<Principal, { kind: 'anonymous' }>): string =>
  principal.kind === 'user' ? principal.user.username : principal.token.name;

const actorOf = (principal: Principal) =>
  principal.kind === 'user'
    ? principal.user
    : principal.kind === 'access-token'
      ? principal.token
      : undefined;

/** A server that knows only old versions ignores the header; v0 means that git must not see it at all. */
function allowedProtocol(req: IncomingMessage, settings: Settings): string | undefined {
  const asked = req.headers['git-protocol'];
  if (typeof asked !== 'string' || settings.maxProtocolVersion === 0) return undefined;
  const version = Number(/(?:^|:)version=(\d)/.exec(asked)?.[1] ?? '0');
  return version > settings.maxProtocolVersion ? undefined : asked;
}

/** Returns the bytes of the refusal's body. */
function refuse(req: IncomingMessage, res: ServerResponse, error: unknown): number {
  // The rest of a refused push must not be read, but a client that is still sending has to see the answer.
  req.resume();
  if (res.destroyed || res.headersSent) {
    res.destroy();
    return 0;
  }
  const refused = error instanceof Refused ? error : new Refused(500, 'Internal Server Error');
  if (!(error instanceof Refused)) process.stderr.write(`${String(error)}\n`);
  const body = refused.message;
  res.statusCode = refused.status;
  if (refused.status === 401) res.setHeader('WWW-Authenticate', 'Basic realm="Bitbucket.org HTTP"');
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(body);
  return Buffer.byteLength(body);
}
