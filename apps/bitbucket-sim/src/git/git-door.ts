import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../access/principal.js';
import { Meter } from '../http/meter.js';
import type { Simulator } from '../simulator.js';
import type { Repository } from '../state/model.js';
import { admit, type GitService } from './admit.js';
import { authenticateRequest } from './authenticate-request.js';
import type { GitPath } from './git-path.js';
import { serveByHttpBackend } from './http-backend.js';
import { openPush, PACK_CUT_BYTES, type OpenPush } from './open-push.js';
import { Refused, TEXT } from './refused.js';
import { allowedProtocol, serviceConfig } from './service-config.js';

interface Conversation {
  readonly path: GitPath;
  readonly query: URLSearchParams;
  readonly service: GitService;
}

interface Served {
  readonly conversation: Conversation;
  readonly principal: Principal;
  readonly repository: Repository;
  readonly meterIn: Meter;
  readonly meterOut: Meter;
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
      const holder = principal.kind === 'anonymous' ? undefined : principal.token.id;
      res.once(
        'close',
        this.sim.live.add(() => res.destroy(), holder),
      );
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
    const { workspace, slug } = path;
    const principal = authenticateRequest(this.sim, req, path);
    const asks = path.operation === 'info-refs' ? 'advertisement' : 'everything';
    return { principal, repository: admit(this.sim, { who: principal, workspace, slug, service, asks }) };
  }

  async #serve(req: IncomingMessage, res: ServerResponse, served: Served): Promise<void> {
    if (served.conversation.path.operation !== 'receive-pack') return this.#run(req, res, served);
    // git asks with an empty push whether it would be let in, before it sends a long one.
    if (await isProbe(req)) return this.#run(req, res, served);
    const { repository, principal: who } = served;
    await using push = await openPush(this.sim, { repository, who, door: 'https' });
    if (push.dies === 'pack') served.meterIn.cutAfter(PACK_CUT_BYTES);
    return await this.#run(req, res, served, push);
  }

  async #run(req: IncomingMessage, res: ServerResponse, served: Served, push?: OpenPush): Promise<void> {
    const { conversation, principal, repository, meterIn, meterOut } = served;
    const { settings } = this.sim.store.state;
    const asked = req.headers['git-protocol'];
    await serveByHttpBackend(req, res, {
      projectRoot: this.sim.disk.root,
      pathInfo: `/${this.sim.disk.folder(repository)}/${conversation.path.tail}`,
      query: conversation.query.toString(),
      user: principal.kind === 'anonymous' ? undefined : nameOf(principal),
      protocol: allowedProtocol(typeof asked === 'string' ? asked : undefined, settings),
      config: serviceConfig(this.sim.disk, settings),
      environment: push?.environment ?? {},
      meterIn,
      meterOut,
      push,
    });
  }

  #noteCommand({ operation }: GitPath, chunk: Buffer): void {
    if (operation === 'upload-pack') this.sim.counters.command('git', chunk);
  }
}

const FLUSH = Buffer.from('0000');

/** Looks at the first bytes and puts them back. */
async function isProbe(req: IncomingMessage): Promise<boolean> {
  const chunk = await new Promise<Buffer | null>((resolve) => {
    const look = (): void => {
      const seen = req.read() as Buffer | null;
      if (seen === null && !req.readableEnded && !req.destroyed) return void req.once('readable', look);
      resolve(seen);
    };
    req.once('close', () => resolve(null)).once('end', () => resolve(null));
    look();
  });
  if (chunk === null) return true;
  req.unshift(chunk);
  return chunk.equals(FLUSH);
}

function serviceOf(req: IncomingMessage, path: GitPath, query: URLSearchParams): Conversation['service'] {
  const service = path.operation === 'info-refs' ? query.get('service') : path.tail;
  const method = path.operation === 'info-refs' ? ['GET', 'HEAD'] : ['POST'];
  if (!method.includes(req.method ?? '')) throw new Refused(405, 'Method Not Allowed');
  if (service === 'git-upload-pack' || service === 'git-receive-pack') return service;
  throw new Refused(403, TEXT.dumb);
}

const nameOf = (principal: Exclude<Principal, { kind: 'anonymous' }>): string =>
  principal.kind === 'user' ? principal.user.username : principal.token.name;

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
