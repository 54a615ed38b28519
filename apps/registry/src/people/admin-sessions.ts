import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { hashOf, newBrowser, transportOf } from '@antipode/web-pages';
import { CONFIG, type RegistryConfig } from '../config.js';
import { isSameSecret } from './bearer.js';
import { PageSessionsStore } from './page-sessions.store.js';
import { RequestLimits } from './request-limits.js';
import { readTokenCookie, writeTokenCookie } from './token-cookie.js';

/** An hour: longer than connecting takes, shorter than an afternoon at an open desk. */
const SESSION_SECONDS = 3600;

/** Page sessions of the admin token: shown once, it opens the pages for an hour. */
@Injectable()
export class AdminSessions {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly limits: RequestLimits,
    private readonly store: PageSessionsStore,
  ) {}

  /** Whether there is a token that could be shown. */
  get isPossible(): boolean {
    return this.config.ADMIN_TOKEN !== undefined;
  }

  /**
   * @param token what was typed
   * @param request with whose address wrong tokens are counted
   * @returns the `Set-Cookie` header of the answer
   * @throws AntipodeError `unauthenticated` for every other text, `too_many_failures` after many of them
   */
  async begin(token: string, request: IncomingMessage): Promise<string> {
    await this.limits.guarded(request, () => this.check(token));
    const value = newBrowser();
    await this.store.begin(this.idOf(value), new Date(Date.now() + SESSION_SECONDS * 1000));
    return writeTokenCookie(value, SESSION_SECONDS, this.transport);
  }

  /** @returns the `Set-Cookie` header that takes the cookie away */
  async end(request: IncomingMessage): Promise<string> {
    const value = readTokenCookie(request, this.transport);
    if (value !== undefined) await this.store.end(this.idOf(value));
    return writeTokenCookie('', 0, this.transport);
  }

  async isAlive(request: IncomingMessage): Promise<boolean> {
    const value = readTokenCookie(request, this.transport);
    return (
      value !== undefined && this.config.ADMIN_TOKEN !== undefined && this.store.isAlive(this.idOf(value))
    );
  }

  /** With another admin token, sessions that were begun with this one are over. */
  private idOf(value: string): string {
    return hashOf(`${value}\0${this.config.ADMIN_TOKEN ?? ''}`);
  }

  private check(token: string): Promise<void> {
    const { ADMIN_TOKEN } = this.config;
    if (ADMIN_TOKEN !== undefined && isSameSecret(token, ADMIN_TOKEN)) return Promise.resolve();
    const hint = 'This is not the admin token of this mirror.';
    return Promise.reject(new AntipodeError('unauthenticated', 'beginning an admin session', {}, { hint }));
  }

  private get transport(): 'https' | 'http' {
    return transportOf(this.config.PUBLIC_URL);
  }
}
