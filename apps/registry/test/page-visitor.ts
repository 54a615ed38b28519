import { newBrowser } from '@antipode/web-pages';
import type { Registry } from './open-registry.js';

export interface Opened {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly location: string | null;
}

/** A browser without scripts: it keeps cookies, follows nothing by itself, and sends the forms that it was shown. */
export class PageVisitor {
  private readonly cookies = new Map<string, string>();

  constructor(private readonly registry: Pick<Registry, 'url'>) {}

  /** As somebody whom auth knows by this browser's cookie. */
  static signedIn(registry: Pick<Registry, 'url'>, remember: (browser: string) => void): PageVisitor {
    const visitor = new PageVisitor(registry);
    const browser = newBrowser();
    visitor.cookies.set('antipode', browser);
    remember(browser);
    return visitor;
  }

  async open(path: string, init: RequestInit = {}): Promise<Opened> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.registry.url + path, {
      redirect: 'manual',
      ...init,
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(init.headers as Record<string, string> | undefined),
      },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const { status, headers } = response;
    return { status, headers, text: await response.text(), location: headers.get('location') };
  }

  /** Sends a form of `page`, with its token, and these fields. */
  async send(
    page: string,
    action: string,
    fields: Record<string, string | readonly string[]>,
  ): Promise<Opened> {
    const { text } = await this.open(page);
    const [, csrf = ''] = /name="csrf" value="([^"]*)"/.exec(text) ?? [];
    return this.post(action, { csrf: unescape(csrf), ...fields });
  }

  post(
    action: string,
    fields: Record<string, string | readonly string[]>,
    headers: Record<string, string> = {},
  ): Promise<Opened> {
    const pairs = Object.entries(fields).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, one]),
    );
    return this.open(action, { method: 'POST', body: new URLSearchParams(pairs), headers });
  }
}

/** What `markup` has escaped. */
export const unescape = (text: string): string =>
  text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
