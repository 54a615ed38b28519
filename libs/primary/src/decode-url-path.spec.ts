import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeUrlPath } from './decode-url-path.js';

describe('decoding the path of a URL', () => {
  it.each([
    ['acme/widget.git', 'acme/widget.git'],
    ['acme/%77idget', 'acme/widget'],
    ['gr%C3%B6%C3%9Fe', 'größe'],
    ['%7Eann/x', '~ann/x'],
  ])('reads %s as %s', (path, text) => {
    expect(decodeUrlPath(path)).toBe(text);
  });

  it.each([
    'acme%2Fwidget',
    'acme%2fwidget',
    'a%5Cb',
    'a\\b',
    'a%00b',
    'a%0ab',
    'a%7fb',
    'a%252e',
    '%',
    '%zz',
    '%c0%af',
    '%ff',
    '%ed%a0%80',
    'a%2',
  ])('refuses %s', (path) => {
    expect(decodeUrlPath(path)).toBeUndefined();
  });

  it('gives back what was encoded once, and never makes more segments than were there', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const decoded = decodeUrlPath(text.split('/').map(encodeURIComponent).join('/'));
        if (decoded !== undefined) expect(decoded).toBe(text);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (raw) => {
        const decoded = decodeUrlPath(raw);
        if (decoded !== undefined) expect(decoded.split('/').length).toBe(raw.split('/').length);
      }),
      { numRuns: 1000 },
    );
  });
});
