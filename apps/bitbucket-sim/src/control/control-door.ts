import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson, readBody } from '../http/read-body.js';
import { findRoute } from '../http/route-table.js';
import type { Simulator } from '../simulator.js';
import { ControlError, type ControlCall } from './control-route.js';
import { CONTROL_ROUTES } from './control-routes.js';

/** Fast-import streams for tests may be long. */
const MAX_BODY_BYTES = 512 * 1024 * 1024;

/** `/_sim/…`: outside Bitbucket's paths, guarded by nothing but the loopback address. Faults and counters do not touch it. */
export class ControlDoor {
  constructor(private readonly sim: Simulator) {}

  async answer(
    req: IncomingMessage,
    res: ServerResponse,
    rawPath: string,
    query: URLSearchParams,
  ): Promise<void> {
    if (!isLoopback(req.socket.remoteAddress))
      return write(res, 403, { error: 'the control API is for this machine only' });
    try {
      const json: unknown = await this.#handle(req, rawPath, query);
      write(res, json === undefined ? 204 : 200, json);
    } catch (error) {
      const status = error instanceof ControlError ? error.status : 500;
      write(res, status, { error: error instanceof Error ? error.message : String(error) });
    }
  }

  async #handle(req: IncomingMessage, rawPath: string, query: URLSearchParams): Promise<unknown> {
    const lookup = findRoute(CONTROL_ROUTES, req.method ?? 'GET', rawPath.slice('/_sim'.length));
    if ('missing' in lookup)
      throw new ControlError(lookup.missing === 'method' ? 405 : 404, 'no such control route');
    const raw = await readBody(req, MAX_BODY_BYTES);
    const { route, params } = lookup.found;
    const base = `http://${req.headers.host ?? 'localhost'}`;
    return route.handle({ sim: this.sim, params, query, base, raw, read: reader(raw) });
  }
}

/** The simulator may listen on more than loopback; whoever reaches this API knows every token. */
const isLoopback = (address = ''): boolean => /^(127\.|::1$|::ffff:127\.)/.test(address);

const reader =
  (raw: Buffer): ControlCall['read'] =>
  (schema) => {
    const result = schema.safeParse(parseJson(raw));
    if (result.success) return result.data;
    const { path, message } = result.error.issues[0] ?? { path: [], message: 'invalid' };
    throw new ControlError(400, `${path.join('.') || 'body'}: ${message}`);
  };

function write(res: ServerResponse, status: number, json: unknown): void {
  res.statusCode = status;
  if (status === 204) return void res.end();
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.end(JSON.stringify(json, null, 1));
}
