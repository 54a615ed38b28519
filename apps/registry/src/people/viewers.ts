import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { CSRF_HEADER, isCsrfToken, isOwnRequest, readBrowser, transportOf } from '@antipode/web-pages';
import { addressOf } from '../audit/initiator.js';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionService } from '../connection/connection.service.js';
import { AdminSessions } from './admin-sessions.js';
import { isSameSecret, readBearer } from './bearer.js';
import { PeopleDirectory } from './people-directory.js';
import { RequestLimits } from './request-limits.js';
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
const NOBODY: Sight = { all: false, ids: new Set() };

/** Who asks, and what they may see. */
@Injectable()
export class Viewers {
  /** One request is looked at once, however many ask who it is from. */
  private readonly known = new WeakMap<IncomingMessage, Promise<Viewer>>();

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
   * A call that changes something, made with a session, must come from one of our pages: another site's page could make
   * the browser send it. Whoever sends a credential is no browser that somebody else leads.
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
    const workspace = await this.connection.workspace();
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
    if (await this.sessions.isAlive(request)) return TOKEN;
    return (await this.personOf(request)) ?? nobody(request);
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
    const workspace = await this.connection.workspace();
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
        : `Only ${who} ${workspace} may do this.`;
    return new AntipodeError('denied', 'entering the API', {}, { hint });
  }
}

const wrong = (hint: string): AntipodeError =>
  new AntipodeError('unauthenticated', 'entering the API', {}, { hint });

/** The edge says whose network may see nothing without a credential; it lets no client say so. */
const nobody = ({ headers }: IncomingMessage): Viewer =>
  headers['x-antipode-without-credential'] === 'refused' ? MUST_SIGN_IN : ANONYMOUS;

const isSafe = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';
