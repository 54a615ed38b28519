import { expect } from '@jest/globals';
import { authorizeAs, type Role } from '@antipode/testing';
import type { Neighbourhood } from './neighbourhood.js';

export interface PageSeen {
  readonly status: number;
  readonly html: string;
  /** Where the browser ended up, after all redirects. */
  readonly url: string;
}

/** A browser as far as link pages need one: it keeps cookies, sends forms, and follows redirects. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  constructor(private readonly origin: string) {}

  /** @param path below the mirror's base URL, or a whole URL of it */
  async open(path: string): Promise<PageSeen> {
    const answer = await this.send(path);
    const to = answer.headers.get('location');
    if (to !== null) return this.open(new URL(to, this.origin).href);
    return { status: answer.status, html: await answer.text(), url: new URL(path, this.origin).href };
  }

  /** Presses the button of a form of this page. @returns where the browser is sent to, or the page it is shown */
  async press({ html }: PageSeen, action: string): Promise<{ to: string } | PageSeen> {
    const [, form] = new RegExp(`<form method="post" action="${action}">(.*?)</form>`, 's').exec(html) ?? [];
    if (form === undefined) throw new Error(`no form that is sent to ${action} on:\n${html}`);
    const fields = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    return this.post(action, Object.fromEntries(fields.map(([, name, value]) => [name, value])));
  }

  async post(path: string, fields: Readonly<Record<string, string>>): Promise<{ to: string } | PageSeen> {
    const answer = await this.send(path, new URLSearchParams(fields));
    const to = answer.headers.get('location');
    if (to !== null) return { to: new URL(to, this.origin).href };
    return { status: answer.status, html: await answer.text(), url: new URL(path, this.origin).href };
  }

  private async send(path: string, form?: URLSearchParams): Promise<Response> {
    const answer = await fetch(new URL(path, this.origin), {
      redirect: 'manual',
      headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: form } : {}),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.cookies.set(name, value);
    }
    return answer;
  }
}

export const LINK = '/-/link';

/** Links a person's account as they do it: from the link page to the primary, yes there, and back. */
export async function linkAccount({ house }: Neighbourhood, role: Role): Promise<Browser> {
  const browser = new Browser(house.demo.mirror.url);
  const sent = await browser.press(await browser.open(LINK), LINK);
  if (!('to' in sent)) throw new Error(`not sent to the primary, but shown ${sent.status}: ${sent.html}`);
  expect(sent.to.startsWith(`${house.demo.primary.url}/`)).toBe(true);
  const page = await browser.open(await authorizeAs(house.user(role), sent.to));
  expect({ status: page.status, path: new URL(page.url).pathname }).toEqual({ status: 200, path: LINK });
  expect(page.html).toContain('has been linked to this mirror');
  return browser;
}

export async function unlinkAccount(browser: Browser): Promise<void> {
  const page = await browser.press(await browser.open(LINK), `${LINK}/unlink`);
  expect(page).toMatchObject({ status: 200, html: expect.stringContaining('is unlinked') });
}
