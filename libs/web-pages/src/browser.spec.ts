import { describe, expect, it } from '@jest/globals';
import { newBrowser, readBrowser, transportOf, writeBrowser } from './browser-cookie.js';
import { csrfToken, isCsrfToken } from './csrf.js';
import { isOwnRequest } from './own-request.js';

const KEY = 'ab'.repeat(32);
const withCookie = (cookie: string) => ({ headers: { cookie } });

describe('the browser’s cookie', () => {
  it('is kept from scripts, other sites, and plain connections where the mirror has better', () => {
    const browser = newBrowser();
    expect(browser).toHaveLength(43);
    expect(writeBrowser(browser, transportOf('https://mirror.example'))).toBe(
      `__Host-antipode=${browser}; Path=/; HttpOnly; SameSite=Lax; Secure`,
    );
    expect(writeBrowser(browser, transportOf('http://mirror.example'))).toBe(
      `antipode=${browser}; Path=/; HttpOnly; SameSite=Lax`,
    );
  });

  it('is read back among others, and only in the form in which it was given', () => {
    const browser = newBrowser();
    expect(readBrowser(withCookie(`a=1; __Host-antipode=${browser}; b=2`), 'https')).toBe(browser);
    expect(readBrowser(withCookie(`antipode=${browser}`), 'http')).toBe(browser);
    // Anybody on the same host name may plant the plain one.
    expect(readBrowser(withCookie(`antipode=${browser}`), 'https')).toBeUndefined();
    for (const value of ['', 'x', `${browser}x`, `${browser.slice(1)}"`]) {
      expect(readBrowser(withCookie(`antipode=${value}`), 'http')).toBeUndefined();
    }
    expect(readBrowser({ headers: {} }, 'http')).toBeUndefined();
  });
});

describe('the token of forms', () => {
  it('is one browser’s and one mirror’s', () => {
    const browser = newBrowser();
    const token = csrfToken(KEY, browser);
    expect(isCsrfToken(KEY, browser, token)).toBe(true);
    expect(isCsrfToken(KEY, newBrowser(), token)).toBe(false);
    expect(isCsrfToken('cd'.repeat(32), browser, token)).toBe(false);
    for (const given of ['', 'x', 'A'.repeat(43), `${token}x`])
      expect(isCsrfToken(KEY, browser, given)).toBe(false);
  });
});

describe('whether a request is our own page’s', () => {
  const from = (headers: Record<string, string>, publicUrl?: string) =>
    isOwnRequest({ headers }, publicUrl ?? 'https://mirror.example/');

  it('believes browsers, and clients that are none', () => {
    expect(from({})).toBe(true);
    expect(from({ 'sec-fetch-site': 'same-origin', origin: 'https://mirror.example' })).toBe(true);
    for (const site of ['cross-site', 'same-site', 'none'])
      expect(from({ 'sec-fetch-site': site })).toBe(false);
    for (const origin of ['https://evil.example', 'http://mirror.example', 'null', ''])
      expect(from({ origin })).toBe(false);
  });

  it('compares with what the browser has called the mirror where nobody has told its URL', () => {
    const unknown = (headers: Record<string, string>) => isOwnRequest({ headers }, undefined);
    const host = 'mirror.example:7990';
    expect(unknown({ host, origin: `http://${host}` })).toBe(true);
    expect(unknown({ host: 'registry:1', 'x-forwarded-host': host, origin: `https://${host}` })).toBe(true);
    for (const origin of ['http://evil.example', 'http://mirror.example', 'null'])
      expect(unknown({ host, origin })).toBe(false);
  });
});
