import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticateRest } from '../access/authenticate.js';
import { identityOf, type Principal } from '../access/principal.js';
import { missingScopes, requiredScopes } from '../access/scopes.js';
import { BodyNotJson, BodyTooLarge, parseJson, readBody } from '../http/read-body.js';
import type { Taken } from '../http/rate-limits.js';
import { findRoute } from '../http/route-table.js';
import type { Simulator } from '../simulator.js';
import type { TokenKind } from '../state/model.js';
import { applyFields } from './fields.js';
import { badRequest, forbidden, lacksScopes, notFound, RestError, unauthorized } from './rest-error.js';
import { REST_ROUTES } from './rest-routes.js';
import type { Answer, RestRoute } from './rest-route.js';
import { Urls, type Json } from './shapes/links.js';

const MAX_BODY_BYTES = 1024 * 1024;
const SEATS_INCLUDED = 100;
const MAX_SCALED = 10_000;

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly rawPath: string;
  readonly query: URLSearchParams;
  readonly urls: Urls;
}

interface Progress {
  route: RestRoute | undefined;
  bytesIn: number;
  headers: Record<string, string>;
  /** Gives the request's cost back. */
  refund?: () => void;
}

/** Answers everything under `/2.0`: who, how often, which scopes, then the route's handler. */
export class RestDoor {
  constructor(private readonly sim: Simulator) {}

  /** @param rawPath of the request, with `/2.0`. @param cutAfter bytes of the body after which a fault breaks it. */
  async answer(
    req: IncomingMessage,
    res: ServerResponse,
    rawPath: string,
    query: URLSearchParams,
    cutAfter?: number,
  ): Promise<void> {
    const urls = new Urls(`http://${req.headers.host ?? 'localhost'}`);
    const progress: Progress = { route: undefined, bytesIn: 0, headers: {} };
    let answer: Answer;
    try {
      answer = await this.#handle({ req, res, rawPath, query, urls }, progress);
    } catch (error) {
      answer = failure(error);
    }
    const bytesOut = write(req, res, answer, progress, cutAfter);
    if (res.statusCode === 304) progress.refund?.();
    const name = progress.route ? `${progress.route.method} ${progress.route.path}` : 'unknown';
    this.sim.counters.rest(name, { status: res.statusCode, bytesIn: progress.bytesIn, bytesOut });
  }

  async #handle(exchange: Exchange, progress: Progress): Promise<Answer> {
    const { req, rawPath, query, urls } = exchange;
    const body = await readBody(req, MAX_BODY_BYTES);
    progress.bytesIn = body.length;
    const { state } = this.sim.store;
    const principal = authenticateRest(state, req.headers.authorization, req.socket.remoteAddress ?? '');
    if (!principal) throw unauthorized();
    this.#limit(principal, rawPath, progress);
    const lookup = findRoute(REST_ROUTES, req.method ?? 'GET', rawPath.slice('/2.0'.length));
    if ('missing' in lookup)
      throw lookup.missing === 'method' ? new RestError(405, 'Method not allowed') : notFound();
    const { route, params } = lookup.found;
    progress.route = route;
    admit(route, principal, progress);
    if (this.sim.faults.plan.readOnly && req.method !== 'GET' && req.method !== 'HEAD') {
      throw new RestError(503, 'Bitbucket is in read-only mode.');
    }
    const json = asObject(parseJson(body));
    const answer = await route.handle({
      sim: this.sim,
      state,
      principal,
      params,
      query,
      rawPath,
      urls,
      body: json,
    });
    return answer.json === undefined
      ? answer
      : { ...answer, json: applyFields(answer.json, query.get('fields')) };
  }

  /** 1,000 an hour and identity for repositories, scaled for access tokens by seats; 60 for an anonymous address over all (§12). */
  #limit(principal: Principal, rawPath: string, progress: Progress): void {
    const { limits, conditionalRequestsCost } = this.sim.store.state.settings;
    const identity = identityOf(principal);
    if (principal.kind === 'anonymous') {
      const taken = this.sim.limits.take('anonymous', identity, limits);
      if (taken) Object.assign(progress.headers, anonymousHeaders(taken, limits.windowMs));
      return refuseIfSpent(taken);
    }
    if (!rawPath.startsWith('/2.0/repositories/')) return;
    const taken = this.sim.limits.take('repositories', identity, limits, this.#scaled(principal));
    if (!conditionalRequestsCost) progress.refund = () => this.sim.limits.giveBack('repositories', identity);
    // Only access tokens are shown their limits.
    if (taken && principal.kind === 'access-token') Object.assign(progress.headers, tokenHeaders(taken));
    refuseIfSpent(taken);
  }

  #scaled(principal: Principal): number | undefined {
    if (principal.kind !== 'access-token') return undefined;
    const { workspaces, projects, repositories, settings } = this.sim.store.state;
    const owned = [...projects, ...repositories].find((one) => one.uuid === principal.token.ownerUuid);
    const workspace = workspaces.find((one) =>
      [principal.token.ownerUuid, owned?.workspaceUuid].includes(one.uuid),
    );
    const extra = Math.max(0, (workspace?.seats ?? 0) - SEATS_INCLUDED);
    return extra === 0 ? undefined : Math.min(MAX_SCALED, (settings.limits.repositories ?? 0) + 10 * extra);
  }
}

function admit(route: RestRoute, principal: Principal, progress: Progress): void {
  if (principal.kind !== 'anonymous') Object.assign(progress.headers, scopeHeaders(route, principal));
  if (principal.kind === 'anonymous' && route.callers !== 'anyone') throw unauthorized();
  if (principal.kind === 'access-token' && route.callers === 'person') throw forbidden();
  if (principal.kind === 'anonymous' || missingScopes(principal, route.scopes).length === 0) return;
  throw lacksScopes(principal.token.scopes, requiredScopes(principal, route.scopes));
}

function scopeHeaders(
  route: RestRoute,
  principal: Exclude<Principal, { kind: 'anonymous' }>,
): Record<string, string> {
  return {
    'X-OAuth-Scopes': principal.token.scopes.join(', '),
    'X-Accepted-OAuth-Scopes': requiredScopes(principal, route.scopes).join(', '),
    'X-Credential-Type': credentialType(principal.token.kind),
  };
}

function credentialType(kind: TokenKind): string {
  if (kind === 'api') return 'api_token';
  return kind === 'oauth' || kind === 'consumer' ? 'oauth2' : `${kind}_access_token`;
}

function refuseIfSpent(taken: Taken | undefined): void {
  if (taken?.allowed === false) throw new RestError(429, 'Rate limit for this resource has been exceeded');
}

const tokenHeaders = (taken: Taken): Record<string, string> => ({
  'X-RateLimit-Limit': String(taken.limit),
  'X-RateLimit-Resource': 'api-repositories',
  'X-RateLimit-NearLimit': String(taken.remaining < taken.limit / 5),
});

const anonymousHeaders = (taken: Taken, windowMs: number): Record<string, string> => ({
  'X-RateLimit-Limit': `${taken.limit}, ${taken.limit};w=${Math.round(windowMs / 1000)}`,
  'X-RateLimit-Reset': String(taken.resetSeconds),
});

function asObject(value: unknown): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw badRequest('Bad request', { detail: 'The body must be a JSON object.' });
}

function failure(error: unknown): Answer {
  if (error instanceof RestError) return { status: error.status, json: error.toJson() };
  if (error instanceof BodyTooLarge)
    return { status: 413, json: new RestError(413, 'Payload too large').toJson() };
  if (error instanceof BodyNotJson)
    return { status: 400, json: badRequest('Bad request', { detail: 'The body is no JSON.' }).toJson() };
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return { status: 500, json: new RestError(500, 'Something went wrong').toJson() };
}

/** Returns the bytes of the body that were sent. */
function write(
  req: IncomingMessage,
  res: ServerResponse,
  answer: Answer,
  progress: Progress,
  cutAfter?: number,
): number {
  const body = Buffer.from(answer.html ?? (answer.json === undefined ? '' : JSON.stringify(answer.json)));
  for (const [name, value] of Object.entries({ ...progress.headers, ...answer.headers }))
    res.setHeader(name, value);
  res.statusCode = answer.status;
  if (progress.route?.etag && answer.status === 200) {
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
    res.setHeader('ETag', etag);
    res.setHeader('Vary', 'Authorization');
    // Anonymous lists are kept at the edge of the real thing for a quarter of an hour.
    if (req.headers.authorization === undefined) res.setHeader('Cache-Control', 'max-age=900');
    if (req.headers['if-none-match']?.split(/\s*,\s*/).includes(etag)) res.statusCode = 304;
  }
  if (res.statusCode === 304 || res.statusCode === 204) {
    res.end();
    return 0;
  }
  res.setHeader(
    'Content-Type',
    answer.html === undefined ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
  );
  res.setHeader('Content-Length', body.length);
  if (req.method === 'HEAD') {
    res.end();
    return 0;
  }
  return send(res, body, cutAfter);
}

function send(res: ServerResponse, body: Buffer, cutAfter?: number): number {
  if (cutAfter === undefined || cutAfter >= body.length) {
    res.end(body);
    return body.length;
  }
  res.flushHeaders();
  res.write(body.subarray(0, cutAfter), () => res.destroy());
  return cutAfter;
}
