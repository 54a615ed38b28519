import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlDoor } from './control/control-door.js';
import type { FaultPlan } from './faults/fault-plan.js';
import { GitDoor } from './git/git-door.js';
import { parseGitPath, type GitPath } from './git/git-path.js';
import { LfsDoor } from './lfs/lfs-door.js';
import { parseLfsPath, type LfsPath } from './lfs/lfs-path.js';
import { add } from './http/count.js';
import { OAuthDoor, OAUTH_PATHS } from './oauth/oauth-door.js';
import { RestDoor } from './rest/rest-door.js';
import type { Simulator } from './simulator.js';
import type { Target } from './faults/faults.js';

/** One port, five doors: `/_sim` (control), `/2.0` (REST), `/site/oauth2`, and repository paths (git, LFS). Faults strike here, before the law. */
export class FrontDoor {
  readonly #control: ControlDoor;
  readonly #rest: RestDoor;
  readonly #git: GitDoor;
  readonly #oauth: OAuthDoor;
  readonly #lfs: LfsDoor;

  constructor(private readonly sim: Simulator) {
    this.#control = new ControlDoor(sim);
    this.#rest = new RestDoor(sim);
    this.#git = new GitDoor(sim);
    this.#oauth = new OAuthDoor(sim);
    this.#lfs = new LfsDoor(sim);
  }

  async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    // Not `new URL`: it would quietly resolve dot segments.
    const [rawPath = '/', ...rest] = (req.url ?? '/').split('?');
    const query = new URLSearchParams(rest.join('?'));
    if (rawPath === '/_sim' || rawPath.startsWith('/_sim/'))
      return this.#control.answer(req, res, rawPath, query);
    const { door, git, lfs } = doorOf(rawPath);
    const target: Target = {
      class: door,
      method: req.method ?? 'GET',
      path: rawPath,
      ...(git ? { operation: git.operation } : {}),
    };
    if (await this.#strike(req, res, target)) return undefined;
    if (lfs) return this.#lfs.answer(req, res, lfs, query);
    const cutAfter = this.sim.faults.takeTruncation(target);
    if (door === 'rest') return this.#rest.answer(req, res, rawPath, query, cutAfter);
    if (door === 'oauth') return this.#oauth.answer(req, res, rawPath, query);
    if (git) return this.#git.answer(req, res, git, query, cutAfter);
    return webPage(req, res);
  }

  /** True when a fault has answered. */
  async #strike(req: IncomingMessage, res: ServerResponse, target: Target): Promise<boolean> {
    const { faults, counters } = this.sim;
    const { down } = faults.plan;
    if (down === 'destroy') {
      req.socket.destroy();
      return true;
    }
    if (faults.latencyMs(target.class) > 0) await sleep(faults.latencyMs(target.class));
    const failure: FaultPlan['fail'][number] | undefined =
      down === 'unavailable' ? { class: 'all', status: 503, body: 'html' } : faults.takeFailure(target);
    if (!failure) return false;
    const bytesOut = writeFailure(req, res, failure, target.class);
    const answered = { status: failure.status, bytesIn: 0, bytesOut };
    const git = parseGitPath(target.path);
    if (target.class === 'rest') counters.rest('fault', answered);
    else if (target.class === 'oauth') counters.oauth('fault', answered);
    else if (target.class === 'lfs') add(counters.counts.lfs.api, answered);
    else if (git) counters.git(`${git.workspace}/${git.slug}`, git.operation, answered);
    return true;
  }
}

interface Door {
  readonly door: Target['class'];
  readonly git?: GitPath | undefined;
  readonly lfs?: LfsPath | undefined;
}

/** What is neither of the others is git's, or a web page. */
function doorOf(rawPath: string): Door {
  if (rawPath === '/2.0' || rawPath.startsWith('/2.0/')) return { door: 'rest' };
  if (OAUTH_PATHS.includes(rawPath)) return { door: 'oauth' };
  const lfs = parseLfsPath(rawPath);
  return lfs ? { door: 'lfs', lfs } : { door: 'git', git: parseGitPath(rawPath) };
}

function writeFailure(
  req: IncomingMessage,
  res: ServerResponse,
  failure: FaultPlan['fail'][number],
  door: Target['class'],
): number {
  req.resume();
  const text =
    failure.status === 429 ? 'Rate limit for this resource has been exceeded' : 'The service is unavailable';
  const bodies = {
    json: JSON.stringify(door === 'lfs' ? { message: text } : { type: 'error', error: { message: text } }),
    html: `<!DOCTYPE html><html><head><title>Bitbucket</title></head><body><h1>${failure.status}</h1><p>${text}</p></body></html>`,
    empty: '',
  };
  const body = bodies[failure.body];
  res.statusCode = failure.status;
  if (failure.retryAfterSeconds !== undefined) res.setHeader('Retry-After', failure.retryAfterSeconds);
  res.setHeader(
    'Content-Type',
    failure.body === 'json' ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
  );
  res.end(body);
  return Buffer.byteLength(body);
}

/** Everything else on the real host is a web page. */
function webPage(req: IncomingMessage, res: ServerResponse): void {
  req.resume();
  res.statusCode = 404;
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.end(
    '<!DOCTYPE html><html><head><title>Bitbucket</title></head><body><h1>404</h1><p>That link has no power here.</p></body></html>',
  );
}
