import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import type { Grant, OAuth, Primary } from '@antipode/primary';
import type { KnownKey, LinkedAccount } from '../accounts/account.js';
import { PRIMARY } from '../authorize/primary.token.js';
import { CONFIG, type AuthConfig } from '../config.js';
import { Database } from '../database/database.js';
import { AccountLinks } from './account-links.js';
import { newBrowser } from '@antipode/web-pages';
import { linkPage } from './link-url.js';
import { SessionsStore } from './sessions.store.js';

export type Returned =
  /** The state is not one that this browser set out with, or it was used before, or it is too old. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'declined' }
  | { readonly kind: 'missing'; readonly what: readonly string[] }
  /** `browser` is the browser's new name: what it was called before the sign-in must not be signed in. */
  | { readonly kind: 'linked'; readonly browser: string; readonly returnTo: string | undefined };

export interface Back {
  readonly state: string;
  readonly code: string | undefined;
}

/** Linking an account of the primary: set out, come back, unlink. */
@Injectable()
export class LinkService {
  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly database: Database,
    private readonly sessions: SessionsStore,
    private readonly links: AccountLinks,
  ) {}

  /** Undefined where linking is off. */
  get oauth(): OAuth | undefined {
    const isOn = this.database.isConfigured && this.config.PUBLIC_URL !== undefined;
    return isOn ? this.primary.oauth : undefined;
  }

  /** Who is signed in with this browser. */
  async whoIs(
    browser: string,
  ): Promise<{ readonly account: LinkedAccount; readonly keys: readonly KnownKey[] } | undefined> {
    const id = await this.sessions.find(browser);
    return id === undefined ? undefined : this.links.find(id);
  }

  /**
   * @param returnTo the path of ours that is shown afterwards
   * @returns where to send the browser.
   */
  async setOut(oauth: OAuth, browser: string, returnTo: string | undefined): Promise<string> {
    const state = randomBytes(32).toString('base64url');
    const verifier = oauth.pkce ? randomBytes(32).toString('base64url') : undefined;
    await this.sessions.setOut(browser, state, { verifier, returnTo });
    const challenge = verifier && createHash('sha256').update(verifier).digest('base64url');
    return oauth.authorizeUrl({
      state,
      redirectUri: this.redirectUri,
      ...(challenge === undefined ? {} : { challenge }),
    });
  }

  /** @throws AntipodeError `denied` where the code is not good (any more); `primary_*`, `service_unavailable`. */
  async comeBack(oauth: OAuth, browser: string, { state, code }: Back): Promise<Returned> {
    const attempt = await this.sessions.comeBack(browser, state);
    if (!attempt) return { kind: 'unknown' };
    if (code === undefined) return { kind: 'declined' };
    const askedAt = Date.now();
    const { verifier, returnTo } = attempt;
    const grant = await oauth.exchange({
      code,
      redirectUri: this.redirectUri,
      ...(verifier === undefined ? {} : { verifier }),
    });
    const what = missingIn(oauth, grant);
    if (what.length > 0) return { kind: 'missing', what };
    return { kind: 'linked', browser: await this.link(oauth, grant, { askedAt, browser }), returnTo };
  }

  /** Forgets the account that this browser is signed in with; what it was allowed ends at once. */
  async unlink(browser: string): Promise<boolean> {
    const id = await this.sessions.find(browser);
    if (id === undefined) return false;
    await this.links.unlink(id);
    return true;
  }

  /** Ends the session; the link stays. */
  async signOut(browser: string): Promise<void> {
    if (this.database.isConfigured) await this.sessions.end(browser);
  }

  private async link(
    oauth: OAuth,
    grant: Grant,
    { askedAt, browser: before }: { readonly askedAt: number; readonly browser: string },
  ): Promise<string> {
    const { account, keys } = await readPerson(oauth, grant);
    const mayWrite = oauth.allows(grant)?.write ?? true;
    const keysDueAt = new Date(askedAt + this.config.KEY_READ_SECONDS * 1000);
    await this.links.link({ account, grant, mayWrite, keys, askedAt, keysDueAt });
    const browser = newBrowser();
    await this.sessions.begin({ browser, before }, account.id);
    return browser;
  }

  private get redirectUri(): string {
    return `${linkPage(this.config) ?? ''}/callback`;
  }
}

/** @throws AntipodeError `primary_*`: a primary that lets somebody sign in and then knows nobody makes no sense. */
async function readPerson(oauth: OAuth, { accessToken }: Grant) {
  try {
    const account = await oauth.account(accessToken);
    return { account, keys: await oauth.sshKeys(accessToken, account.id) };
  } catch (error) {
    const known = toAntipodeError(error, 'reading a person');
    if (known.code !== 'not_found') throw error;
    throw new AntipodeError('primary_misbehaved', known.message, known.context, { cause: known });
  }
}

function missingIn(oauth: OAuth, grant: Grant): string[] {
  const allowed = oauth.allows(grant);
  if (!allowed) return [];
  return [
    ...(allowed.keys ? [] : ['reading accounts (and with them SSH keys)']),
    ...(allowed.read ? [] : ['reading repositories']),
  ];
}
