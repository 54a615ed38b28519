import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import type { OAuth, Primary } from '@antipode/primary';
import {
  CSRF_FIELD,
  csrfToken,
  isCsrfToken,
  isOwnRequest,
  newBrowser,
  readBrowser,
  readForm,
  transportOf,
  writeBrowser,
  type Frame,
  type Page,
  type Transport,
} from '@antipode/web-pages';
import { PRIMARY } from '../authorize/primary.token.js';
import { CONFIG, type AuthConfig } from '../config.js';
import { LINK_PATH } from './link-url.js';
import { readReturn } from './read-return.js';
import { LinkService } from './link.service.js';
import { declined, failed, linked, missingScopes, off, unlinked, welcome } from './pages.js';

export interface Answer {
  readonly page?: Page;
  readonly frame?: Frame;
  readonly status?: number;
  readonly location?: string;
  readonly cookie?: string;
  /** Seconds. */
  readonly retryAfter?: unknown;
}

interface Submission {
  readonly browser: string;
  readonly form: URLSearchParams;
}

type Route = (oauth: OAuth, request: IncomingMessage, url: URL) => Promise<Answer>;

const LONGEST_CODE = 2048;

/** The link pages: a table of routes, and what each of them does. They work without JavaScript. */
@Injectable()
export class LinkRoutes {
  private readonly routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    [LINK_PATH]: {
      GET: (_, request, url) => this.show(request, url),
      POST: (oauth, request) => this.setOut(oauth, request),
    },
    [`${LINK_PATH}/callback`]: { GET: (oauth, request, url) => this.comeBack(oauth, request, url) },
    [`${LINK_PATH}/sign-out`]: { POST: (_, request) => this.signOut(request) },
    [`${LINK_PATH}/unlink`]: { POST: (_, request) => this.unlink(request) },
  };

  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly service: LinkService,
  ) {}

  /** Where the primary signs people in; undefined where linking is off. */
  get signInOrigin(): string | undefined {
    const { oauth } = this.service;
    return oauth && new URL(oauth.authorizeUrl({ state: '', redirectUri: '' })).origin;
  }

  /** @throws AntipodeError `not_found`, `unsupported`, `invalid`, `denied`; `primary_*`, `service_unavailable`. */
  async answer(request: IncomingMessage): Promise<Answer> {
    const url = URL.parse(request.url ?? '', 'http://mirror');
    const methods = url && this.routes[url.pathname.replace(/(?<=.)\/$/, '')];
    if (!url || !methods) throw new AntipodeError('not_found', 'answering a link page');
    const route = methods[request.method === 'HEAD' ? 'GET' : (request.method ?? '')];
    if (!route) throw new AntipodeError('unsupported', 'answering a link page');
    const { oauth } = this.service;
    return oauth ? route(oauth, request, url) : { page: off(this.primary.displayName) };
  }

  private async show(request: IncomingMessage, url: URL): Promise<Answer> {
    const known = readBrowser(request, this.transport);
    const browser = known ?? newBrowser();
    const who = known === undefined ? undefined : await this.service.whoIs(known);
    const csrf = csrfToken(this.config.SECRET_KEY, browser);
    const returnTo = readReturn(url.searchParams.get('return'));
    const words = { primary: this.primary.displayName, csrf, returnTo };
    const page = who ? linked(who.account, who.keys, words) : welcome(words);
    const signOut = { path: `${LINK_PATH}/sign-out`, csrf };
    const frame = who ? { person: who.account.displayName, signOut } : {};
    return known === undefined ? { page, frame, cookie: this.cookie(browser) } : { page, frame };
  }

  private async setOut(oauth: OAuth, request: IncomingMessage): Promise<Answer> {
    const { browser, form } = await this.readSubmission(request);
    const returnTo = readReturn(form.get('return'));
    return { status: 302, location: await this.service.setOut(oauth, browser, returnTo) };
  }

  private async signOut(request: IncomingMessage): Promise<Answer> {
    const { browser, form } = await this.readSubmission(request);
    await this.service.signOut(browser);
    const location = readReturn(form.get('return')) ?? LINK_PATH;
    return { status: 303, location, cookie: this.cookie(newBrowser()) };
  }

  private async comeBack(oauth: OAuth, request: IncomingMessage, url: URL): Promise<Answer> {
    const browser = readBrowser(request, this.transport);
    const state = url.searchParams.get('state');
    const code = url.searchParams.get('code') ?? undefined;
    if ((code?.length ?? 0) > LONGEST_CODE) throw new AntipodeError('too_large', 'coming back');
    if (browser === undefined || state === null) return { page: strayed };
    const back = await this.service.comeBack(oauth, browser, { state, code });
    switch (back.kind) {
      case 'unknown':
        return { page: strayed };
      case 'declined':
        return { page: declined(this.primary.displayName) };
      case 'missing':
        return { page: missingScopes(this.primary.displayName, back.what) };
      case 'linked':
        // On to a page that can be loaded again: the address of this one holds a code.
        return { status: 303, location: back.returnTo ?? LINK_PATH, cookie: this.cookie(back.browser) };
    }
  }

  private async unlink(request: IncomingMessage): Promise<Answer> {
    const { browser } = await this.readSubmission(request);
    await this.service.unlink(browser);
    return { page: unlinked(this.primary.displayName), cookie: this.cookie(newBrowser()) };
  }

  /**
   * The browser that sends a form which it was shown by us.
   *
   * @throws AntipodeError `invalid` for a form that another site made it send.
   */
  private async readSubmission(request: IncomingMessage): Promise<Submission> {
    const browser = readBrowser(request, this.transport);
    const form = await readForm(request);
    const token = form.get(CSRF_FIELD) ?? '';
    if (
      browser === undefined ||
      !isOwnRequest(request, this.config.PUBLIC_URL) ||
      !isCsrfToken(this.config.SECRET_KEY, browser, token)
    )
      throw new AntipodeError('invalid', 'reading a form');
    return { browser, form };
  }

  private cookie(browser: string): string {
    return writeBrowser(browser, this.transport);
  }

  private get transport(): Transport {
    return transportOf(this.config.PUBLIC_URL);
  }
}

const strayed = failed(
  400,
  'This sign-in was not begun here',
  'It was begun in another browser, was finished before, or took longer than ten minutes. Nothing was linked.',
);
