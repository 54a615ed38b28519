import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AntipodeError, isAntipodeError, type Code } from '@antipode/errors';
import {
  CSRF_HEADER,
  hashOf,
  isCsrfToken,
  isOwnRequest,
  readBrowser,
  transportOf,
} from '@antipode/web-pages';
import { addressOf } from '../audit/initiator.js';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionService } from '../connection/connection.service.js';
import { AdminSessions } from './admin-sessions.js';
import { isSameSecret, readBearer } from './bearer.js';
import { PeopleDirectory } from './people-directory.js';
import { RequestLimits } from './request-limits.js';
import { readTokenCookie } from './token-cookie.js';
import {
  ANONYMOUS,
  isAdministrator,
  isMember,
  MUST_SIGN_IN,
  TOKEN,
  type Person,
  type Sight,
  type Viewer,
} from './viewer.js';

const LONGEST_AUTHORIZATION = 4096;
/** Browsers that were known to be somebody's are looked up also from where too much has come. */
const MOST_BROWSERS = 10_000;
const BROWSER_MS = 600_000;
const NOBODY: Sight = { all: false, ids: new Set() };

/** Who asks, and what they may see. */
@Injectable()
export class Viewers {
  /** One request is looked at once, however many ask who it is from. */
  private readonly known = new WeakMap<IncomingMessage, Promise<Viewer>>();
  private readonly browsers = new LRUCache<string, true>({ max: MOST_BROWSERS, ttl: BROWSER_MS });

  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly connection: ConnectionService,
    private readonly directory: PeopleDirectory,
    private readonly limits: RequestLimits,
    private readonly sessions: AdminSessions,
  ) {}

  /**
   * By the Authorization header, where there is one: the admin token as Bearer, or a person's API token as Basic. Else by
   * cookie. A wrong credential is an error, never nobody; a cookie that is good for nothing (any more) is nobody.
   *
   * @throws AntipodeError `unauthenticated`, `denied`, `too_many_failures`, `primary_*`, `service_unavailable`
   */
  of(request: IncomingMessage): Promise<Viewer> {
    const known = this.known.get(request) ?? this.look(request);
    this.known.set(request, known);
    return known;
  }

  /**
   * For a page that anybody may open: where nobody can tell who it is, or what they may see, they are nobody for the
   * moment (`isUnsure`). Never with more rights.
   *
   * @throws AntipodeError as `of`, but for `primary_*`, `service_unavailable`, `busy`
   */
  async ofAnybody(request: IncomingMessage): Promise<{ viewer: Viewer; isUnsure: boolean }> {
    try {
      const viewer = await this.of(request);
      if (viewer.kind === 'person') await this.sightOf(viewer);
      return { viewer, isUnsure: false };
    } catch (error) {
      if (request.headers.authorization !== undefined || !isAntipodeError(error) || !AWAY.has(error.code))
        throw error;
      return { viewer: nobody(request), isUnsure: true };
    }
  }

  /** The same. @throws AntipodeError also `denied` for everybody who is no administrator */
  async requireAdministrator(request: IncomingMessage): Promise<Viewer> {
    const viewer = await this.of(request);
    if (!isAdministrator(viewer)) throw await this.refusal(viewer, 'an administrator');
    return viewer;
  }

  /** The same. @throws AntipodeError also `denied` for strangers */
  async requireMember(request: IncomingMessage): Promise<Viewer> {
    const viewer = await this.of(request);
    if (!isMember(viewer)) throw await this.refusal(viewer, 'a member');
    return viewer;
  }

  /** The same. @throws AntipodeError also `unauthenticated` for nobody */
  async requireSomebody(request: IncomingMessage): Promise<Viewer> {
    const viewer = await this.of(request);
    if (viewer.kind === 'anonymous')
      throw wrong('Sign in first, or send Basic with your e-mail and an API token.');
    return viewer;
  }

  /**
   * The person who is signed in in this browser (by auth's session), also where it has shown the admin token as well.
   *
   * @throws AntipodeError as `of`
   */
  async personOf(request: IncomingMessage): Promise<Person | undefined> {
    const session = readBrowser(request, transportOf(this.config.PUBLIC_URL));
    // A primary that knows no people has nobody signed in.
    if (session === undefined || !this.connection.primary.people) return undefined;
    try {
      return await this.identify({ proof: { $case: 'session', value: session } }, request);
    } catch (error) {
      if (isAntipodeError(error) && error.code === 'unauthenticated') return undefined;
      throw error;
    }
  }

  /**
   * A call that changes something must come from one of our pages, where a browser makes it: another site's page could make
   * it send a session, or a Basic credential that it remembers. Clients that are no browsers do not say where they come from.
   *
   * @throws AntipodeError `denied`
   */
  requireOwnPage(request: IncomingMessage): void {
    const { authorization } = request.headers;
    if (isSafe(request) || readBearer(authorization ?? '') !== undefined) return;
    const isOurs = isOwnRequest(request, this.config.PUBLIC_URL);
    if (isOurs && (authorization !== undefined || this.hasFormToken(request))) return;
    const hint =
      'A call from a browser that changes something must come from a page of this mirror; with a session it also needs the header X-Antipode-Csrf.';
    throw new AntipodeError('denied', 'checking where a call comes from', {}, { hint });
  }

  /** Which repositories this viewer may know of. @throws AntipodeError as `of`; `unauthenticated` for those who must sign in */
  async sightOf(viewer: Viewer): Promise<Sight> {
    if (isAdministrator(viewer)) return { all: true };
    if (viewer.kind === 'anonymous' && viewer.mustSignIn)
      throw wrong('Sign in first: from your network nothing is shown without a credential.');
    if (viewer.kind !== 'person' || viewer.role !== 'member') return NOBODY;
    const workspace = await this.connection.workspaceOfRoles();
    const { proof, address } = viewer;
    return { all: false, ids: await this.directory.listReadable({ proof, workspace, address }) };
  }

  private hasFormToken(request: IncomingMessage): boolean {
    const browser = readBrowser(request, transportOf(this.config.PUBLIC_URL));
    const token = String(request.headers[CSRF_HEADER] ?? '');
    return browser !== undefined && isCsrfToken(this.config.SECRET_KEY, browser, token);
  }

  private async look(request: IncomingMessage): Promise<Viewer> {
    const { authorization } = request.headers;
    if (authorization !== undefined)
      return this.limits.guarded(request, () => this.byCredential(authorization, request));
    return (await this.byCookie(request)) ?? nobody(request);
  }

  private async byCookie(request: IncomingMessage): Promise<Viewer | undefined> {
    const transport = transportOf(this.config.PUBLIC_URL);
    const [token, browser] = [readTokenCookie(request, transport), readBrowser(request, transport)];
    if (token === undefined && browser === undefined) return undefined;
    const name = hashOf(`${token} ${browser}`);
    if (!this.browsers.has(name)) await this.limits.requireRoom(request);
    const viewer = (await this.sessions.isAlive(request)) ? TOKEN : await this.personOf(request);
    if (viewer) this.browsers.set(name, true);
    return viewer;
  }

  private async byCredential(authorization: string, request: IncomingMessage): Promise<Viewer> {
    const bearer = readBearer(authorization);
    if (bearer !== undefined) return this.byBearer(bearer);
    if (authorization.length > LONGEST_AUTHORIZATION || !/^Basic [A-Za-z0-9+/=]+$/i.test(authorization))
      throw wrong('Send "Authorization: Bearer <admin token>", or Basic with your e-mail and an API token.');
    return this.identify({ proof: { $case: 'authorization', value: authorization } }, request);
  }

  private byBearer(token: string): Viewer {
    const { ADMIN_TOKEN } = this.config;
    if (ADMIN_TOKEN === undefined) {
      const hint = 'No bearer token opens the API: no ADMIN_TOKEN is set.';
      throw new AntipodeError('denied', 'entering the API', {}, { hint });
    }
    if (isSameSecret(token, ADMIN_TOKEN)) return TOKEN;
    throw wrong('This is not the admin token of this mirror.');
  }

  private async identify(proof: Person['proof'], request: IncomingMessage): Promise<Person> {
    const workspace = await this.connection.workspaceOfRoles();
    const { address = '' } = addressOf(request);
    const person = await this.directory.identify({ proof, workspace, address });
    // Without a workspace there is nothing to be a member of.
    return workspace === '' ? { ...person, role: 'stranger' } : person;
  }

  private async refusal(viewer: Viewer, wanted: 'an administrator' | 'a member'): Promise<AntipodeError> {
    const who = `${wanted} of the workspace`;
    if (viewer.kind === 'anonymous')
      return wrong(`Sign in as ${who}, or send "Authorization: Bearer <admin token>".`);
    const workspace = await this.connection.workspace();
    // Its name is its members' business.
    const which = isMember(viewer) ? ` ${workspace}` : '';
    const hint =
      workspace === ''
        ? 'The mirror is not connected to a workspace: only the admin token opens this.'
        : `Only ${who}${which} may do this.`;
    return new AntipodeError('denied', 'entering the API', {}, { hint });
  }
}

/** How it ends when somebody who would have to be asked does not answer. */
const AWAY: ReadonlySet<Code> = new Set<Code>([
  'primary_unavailable',
  'primary_limited',
  'primary_misbehaved',
  'service_unavailable',
  'busy',
  'timed_out',
]);

const wrong = (hint: string): AntipodeError =>
  new AntipodeError('unauthenticated', 'entering the API', {}, { hint });

/** The edge says whose network may see nothing without a credential; it lets no client say so. */
const nobody = ({ headers }: IncomingMessage): Viewer =>
  headers['x-antipode-without-credential'] === 'refused' ? MUST_SIGN_IN : ANONYMOUS;

const isSafe = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';
