import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import {
  CSRF_FIELD,
  csrfToken,
  isCsrfToken,
  isOwnRequest,
  markup,
  newBrowser,
  pageHeaders,
  readBrowser,
  readForm,
  render,
  transportOf,
  writeBrowser,
  type Page,
} from '@antipode/web-pages';
import { initiatorOf } from '../audit/initiator.js';
import { CONFIG, type RegistryConfig } from '../config.js';
import { ConnectionService } from '../connection/connection.service.js';
import { RequestLimits } from '../people/request-limits.js';
import { ANONYMOUS, isAdministrator, isMember, type Viewer } from '../people/viewer.js';
import { Viewers } from '../people/viewers.js';
import { notice } from './fragments.js';
import { frameFor } from './frame.js';
import { pageOfError } from './page-errors.js';
import { isMoved, type Answer, type Moved, type Visit } from './visit.js';

/** Thousands of projects can be ticked in one form. */
const LARGEST_FORM_BYTES = 262_144;

type Audience = 'anybody' | 'members' | 'administrators';

/** What every page has in common: who looks, the form's token, the frame, the headers, and how it ends badly. */
@Injectable()
export class Pages {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly connection: ConnectionService,
    private readonly limits: RequestLimits,
    private readonly viewers: Viewers,
  ) {}

  /** Answers a GET or HEAD. Whoever is nobody yet is sent to sign in where the page is not for anybody. */
  async show(
    [request, response]: readonly [IncomingMessage, ServerResponse],
    audience: Audience,
    work: (visit: Visit) => Promise<Answer> | Answer,
  ): Promise<void> {
    await this.answer([request, response], audience, async (visit) => refuse(audience, visit) ?? work(visit));
  }

  /** Answers a form of ours. */
  async submit(
    [request, response]: readonly [IncomingMessage, ServerResponse],
    audience: Audience,
    work: (visit: Visit, form: URLSearchParams) => Promise<Answer>,
  ): Promise<void> {
    await this.answer([request, response], audience, async (visit) => {
      const form = await readForm(request, LARGEST_FORM_BYTES);
      this.requireOurs(request, form);
      return refuse(audience, visit) ?? work(visit, form);
    });
  }

  private async answer(
    [request, response]: readonly [IncomingMessage, ServerResponse],
    audience: Audience,
    work: (visit: Visit) => Promise<Answer>,
  ): Promise<void> {
    const known = readBrowser(request, this.transport);
    const browser = known ?? newBrowser();
    if (known === undefined) response.appendHeader('set-cookie', writeBrowser(browser, this.transport));
    // Of no meaning beyond its path and query; the host that it is asked at is not to be believed.
    const url = new URL(request.url?.replace(/^\/+/, '/') ?? '/', 'http://mirror');
    let viewer: Viewer = ANONYMOUS;
    try {
      const looked = await this.look(request, audience);
      viewer = looked.viewer;
      await this.limits.admit(viewer, request);
      const csrf = csrfToken(this.config.SECRET_KEY, browser);
      const visit = { request, url, viewer, csrf, by: initiatorOf(viewer, request) };
      const answer = await work(visit);
      this.send(response, looked.isUnsure ? told(answer) : answer, visit);
    } catch (error) {
      const page = this.failed(response, error, viewer, url);
      this.send(response, page, { viewer, url, csrf: csrfToken(this.config.SECRET_KEY, browser) });
    } finally {
      // What the client still sends is not read on.
      request.resume();
    }
  }

  private async look(
    request: IncomingMessage,
    audience: Audience,
  ): Promise<{ viewer: Viewer; isUnsure: boolean }> {
    if (audience === 'anybody') return this.viewers.ofAnybody(request);
    return { viewer: await this.viewers.of(request), isUnsure: false };
  }

  private send(
    response: ServerResponse,
    answer: Answer,
    visit: Pick<Visit, 'viewer' | 'url' | 'csrf'>,
  ): void {
    if (response.headersSent || response.destroyed) return;
    for (const [name, value] of Object.entries(pageHeaders(this.signInOrigin)))
      response.setHeader(name, value);
    if (isMoved(answer)) return this.move(response, answer);
    response.writeHead(answer.status);
    response.end(render(answer, frameFor(visit, this.config)));
  }

  private move(response: ServerResponse, { location, cookie }: Moved): void {
    if (cookie !== undefined) response.appendHeader('set-cookie', cookie);
    response.writeHead(303, { location });
    response.end();
  }

  private failed(response: ServerResponse, error: unknown, viewer: Viewer, url: URL): Page {
    const known = toAntipodeError(error, 'answering with a page');
    if (!isRefusal(known.code)) this.logger.error({ err: known }, 'a page failed');
    const { seconds } = known.context;
    if (typeof seconds === 'number') response.setHeader('retry-after', String(seconds));
    return pageOfError(known, viewer, `${url.pathname}${url.search}`);
  }

  /** @throws AntipodeError `denied` for a form that another site made the browser send. */
  private requireOurs(request: IncomingMessage, form: URLSearchParams): void {
    const browser = readBrowser(request, this.transport);
    const { PUBLIC_URL, SECRET_KEY } = this.config;
    const token = form.get(CSRF_FIELD) ?? '';
    if (browser !== undefined && isOwnRequest(request, PUBLIC_URL) && isCsrfToken(SECRET_KEY, browser, token))
      return;
    const hint =
      'This form was not sent by a page of this mirror, or by one from before you signed in. Nothing was changed.';
    throw new AntipodeError('denied', 'reading a form', {}, { hint });
  }

  private get transport(): 'https' | 'http' {
    return transportOf(this.config.PUBLIC_URL);
  }

  /** Where the form that signs in leads to in the end. */
  private get signInOrigin(): string {
    return new URL(this.config.PRIMARY_OAUTH_URL ?? this.connection.primary.gitUrl('a/b')).origin;
  }
}

/** Whoever may be signed in must not take what they see for all there is. */
function told(answer: Answer): Answer {
  if (isMoved(answer)) return answer;
  const words = markup`<p>Nobody can say at the moment whether you are signed in, and what you may see. Try again soon; the admin token works.</p>`;
  const shown = notice('warn', 'You see what anybody sees', words);
  return { ...answer, body: markup`${shown}${answer.body}` };
}

function refuse(audience: Audience, { viewer, url }: Visit): Answer | undefined {
  const isMet = { anybody: true, members: isMember(viewer), administrators: isAdministrator(viewer) }[
    audience
  ];
  if (isMet) return undefined;
  if (viewer.kind === 'anonymous')
    return { location: `/-/sign-in?return=${encodeURIComponent(url.pathname + url.search)}` };
  const who = audience === 'members' ? 'members' : 'administrators';
  const hint = `Only ${who} of the workspace that is mirrored here may see this page.`;
  throw new AntipodeError('denied', 'opening a page', {}, { hint });
}
