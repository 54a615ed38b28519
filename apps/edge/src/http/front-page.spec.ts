import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pageOf } from './front-page.js';

describe('where a browser is led', () => {
  it.each([
    ['', '/-/'],
    ['acme/widget.git', '/-/repositories/acme/widget'],
    ['acme/widget.git/', '/-/repositories/acme/widget'],
    ['acme/widget', '/-/repositories/acme/widget'],
    ['~ann/größe', '/-/repositories/~ann/gr%C3%B6%C3%9Fe'],
    ['/elsewhere.example/x', '/-/repositories/elsewhere.example/x'],
    ['https://elsewhere.example', '/-/repositories/https%3A/elsewhere.example'],
    ['a/../../b', '/-/repositories/a/b'],
    ['a/...git', '/-/repositories/a'],
    ['a b"<c', '/-/repositories/a%20b%22%3Cc'],
    ['..', '/-/'],
    ['x'.repeat(513), '/-/'],
    [undefined, '/-/'],
  ])('from %j is %s', (path, page) => {
    expect(pageOf(path)).toBe(page);
  });

  it('never leaves the mirror’s own pages', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'grapheme' }),
          fc.string({ unit: fc.constantFrom('/', '\\', '.', '%', ':', '@', 'git', '\r', '\n', '?', '#') }),
        ),
        (path) => {
          const page = pageOf(path);
          expect(page).toMatch(/^\/-\/[\x21-\x7e]*$/);
          const { origin, pathname, search, hash } = new URL(page, 'https://mirror.example');
          expect([origin, pathname, search, hash]).toEqual(['https://mirror.example', page, '', '']);
        },
      ),
    );
  });
});
