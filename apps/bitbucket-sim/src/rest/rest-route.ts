import type { Principal } from '../access/principal.js';
import type { ScopeNeed } from '../access/scopes.js';
import type { Route } from '../http/route-table.js';
import type { Simulator } from '../simulator.js';
import type { State } from '../state/model.js';
import type { Json, Urls } from './shapes/links.js';

/** One request as a handler sees it. */
export interface Call {
  readonly sim: Simulator;
  readonly state: State;
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Path without query, as asked: page links are made of it. */
  readonly rawPath: string;
  readonly urls: Urls;
  /** The parsed JSON body; an empty object where there was none. */
  readonly body: Json;
}

export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RestRoute extends Route {
  readonly scopes: ScopeNeed;
  /** Who may call at all. `person`: access tokens can neither query nor change permissions (§4). */
  readonly callers: 'anyone' | 'authenticated' | 'person';
  /** Sends a strong ETag and answers If-None-Match. */
  readonly etag?: true;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

export const ok = (json: unknown): Answer => ({ status: 200, json });
export const created = (json: unknown, location?: string): Answer => ({
  status: 201,
  json,
  ...(location === undefined ? {} : { headers: { Location: location } }),
});
export const moved = (json: unknown, location: string): Answer => ({
  status: 200,
  json,
  headers: { Location: location },
});
export const noContent = (): Answer => ({ status: 204 });

/** The name in clone links; only people have one. */
export const callerName = (principal: Principal): string | undefined =>
  principal.kind === 'user' ? principal.user.username : undefined;

export const actorOf = (principal: Principal) => {
  if (principal.kind === 'user') return principal.user;
  return principal.kind === 'access-token' ? principal.token : undefined;
};
