import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isForEverybody, isLinkPath, isOwnPath, ownTarget } from './own-path.js';
import { findRoute, type Route } from './routes.js';

const pathOf = (url: string): string => ownTarget({ url }).pathname;

describe('one of the mirror’s own requests', () => {
  it.each([
    ['/-/api/v1/status?x=1', '/-/api/v1/status'],
    ['/-/webhooks/../api', '/-/api'],
    ['/-/webhooks/%2e%2e/api', '/-/api'],
    ['/-/x\\..\\link', '/-/link'],
    ['//elsewhere.example/-/', '/elsewhere.example/-/'],
    ['/\\/elsewhere.example/-/', '/elsewhere.example/-/'],
    ['http://elsewhere.example/-/link', '/-/link'],
  ])('to %s goes to %s', (url, pathname) => {
    expect(pathOf(url)).toBe(pathname);
  });

  it.each(['/-/../x', '/.//-/x', '/-x', '/rest', '/rest/../x', '/statuses', '/-/..//rest/x'])(
    'is none with %s',
    (url) => {
      expect(isOwnPath(pathOf(url))).toBe(false);
    },
  );

  it('goes to whom it is said to go, however it is written', () => {
    const part = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '-',
      '%2e',
      'rest',
      'status',
      'link',
      'x',
      '@',
      ':',
      '?',
      '#',
      '//y',
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const { pathname, search } = ownTarget({ url: `/${parts.join('')}` });
        if (!isOwnPath(pathname)) return;
        const sent = new URL(pathname + search, 'http://registry:1');
        expect([sent.host, sent.pathname]).toEqual(['registry:1', pathname]);
      }),
      { numRuns: 2000 },
    );
  });

  it('is open to every network only where it is a webhook, or asks how the mirror is', () => {
    const isOpen = (method: string, url: string): boolean =>
      isForEverybody({ method, url } as IncomingMessage, findRoute(url) as Route);
    expect(isOpen('POST', '/-/webhooks/x')).toBe(true);
    expect(isOpen('HEAD', '/-/api/v1/health?x')).toBe(true);
    for (const url of [
      '/-/webhooks',
      '/-/webhooks/../link',
      '/-/lfs/../webhooks/x',
      '/acme/-/webhooks/x',
      '/-/link',
    ])
      expect([url, isOpen('POST', url)]).toEqual([url, false]);
    expect(isOpen('DELETE', '/-/api/v1/health')).toBe(false);
  });

  it('is auth’s below /-/link', () => {
    expect(['/-/link', '/-/link/x', '/-/linked', '/-/x/link'].map(isLinkPath)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
