import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyTooLarge, readBody } from '../http/read-body.js';
import type { Simulator } from '../simulator.js';
import { answerTokenRequest } from './access-token.js';
import { allow, deny, readConsentRequest, signIn } from './authorize.js';
import { consentPage, problemPage } from './consent-page.js';
import { OAuthError } from './oauth-error.js';

const MAX_FORM_BYTES = 64 * 1024;

export const OAUTH_PATHS = ['/site/oauth2/authorize', '/site/oauth2/access_token'];

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly html?: string;
  readonly json?: unknown;
  /** What it is counted as. */
  readonly grant: string;
}

/** `/site/oauth2/…`: a page for people, and an endpoint for applications (§6.2). */
export class OAuthDoor {
  constructor(private readonly sim: Simulator) {}

  async answer(
    req: IncomingMessage,
    res: ServerResponse,
    rawPath: string,
    query: URLSearchParams,
  ): Promise<void> {
    const body = await readBody(req, MAX_FORM_BYTES).catch((error: unknown) => {
      if (error instanceof BodyTooLarge) return undefined;
      throw error;
    });
    const form = new URLSearchParams(body?.toString('utf8'));
    const isPage = rawPath === OAUTH_PATHS[0];
    const answer = isPage ? this.#authorize(req, query, form) : this.#accessToken(req, form);
    // What was given out must not be lost by a restart.
    await this.sim.store.save();
    const bytesOut = write(res, answer);
    this.sim.counters.oauth(answer.grant, { status: answer.status, bytesIn: body?.length ?? 0, bytesOut });
  }

  #authorize(req: IncomingMessage, query: URLSearchParams, form: URLSearchParams): Answer {
    const grant = 'authorize';
    const isDecision = req.method === 'POST';
    const asked = isDecision ? withoutDecision(form) : query;
    const { state } = this.sim.store;
    try {
      const request = readConsentRequest(state, asked);
      if (asked.get('response_type') !== 'code') {
        const error = new OAuthError('unsupported_response_type', 'response_type must be code');
        return { ...redirect(deny(request, error)), grant };
      }
      if (!isDecision) return { status: 200, html: consentPage(request, state.users, asked), grant };
      if (form.get('decision') !== 'allow') {
        const error = new OAuthError('access_denied', 'The user denied access to the application');
        return { ...redirect(deny(request, error)), grant };
      }
      const user = signIn(state, form.get('username'), form.get('password'));
      if (user) return { ...redirect(allow(state, request, user)), grant };
      const problem = 'That API token does not belong to this account.';
      return { status: 403, html: consentPage(request, state.users, asked, problem), grant };
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return { status: 400, html: problemPage(error.message), grant };
    }
  }

  #accessToken(req: IncomingMessage, form: URLSearchParams): Answer {
    const grant = form.get('grant_type') ?? 'none';
    const headers = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };
    try {
      if (req.method !== 'POST') throw new OAuthError('invalid_request', 'only POST is allowed here');
      const json = answerTokenRequest(this.sim.store.state, req.headers.authorization, form);
      return { status: 200, json, headers, grant };
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      const json = { error: error.code, error_description: error.message };
      const challenge = error.status === 401 ? { 'WWW-Authenticate': 'Basic realm="OAuth"' } : {};
      return { status: error.status, json, headers: { ...headers, ...challenge }, grant };
    }
  }
}

/** The request that the page was shown for: everything in its form that the person did not fill in. */
function withoutDecision(form: URLSearchParams): URLSearchParams {
  return new URLSearchParams(
    [...form].filter(([name]) => !['username', 'password', 'decision'].includes(name)),
  );
}

const redirect = (to: URL) => ({ status: 302, headers: { Location: to.href } });

/** @returns the bytes of the body */
function write(res: ServerResponse, { status, headers = {}, html, json }: Answer): number {
  const body = html ?? (json === undefined ? '' : JSON.stringify(json));
  const type = html === undefined ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8';
  res.writeHead(status, { ...(body === '' ? {} : { 'Content-Type': type }), ...headers }).end(body);
  return Buffer.byteLength(body);
}
