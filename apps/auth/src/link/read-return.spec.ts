import { describe, expect, it } from '@jest/globals';
import { readReturn } from './read-return.js';

describe('the page that somebody comes back to', () => {
  it.each(['/-/', '/-/connect', '/-/repositories/acme/widget?tab=lfs&x=%2F', `/-/${'a'.repeat(509)}`])(
    'is one of ours: %s',
    (path) => {
      expect(readReturn(path)).toBe(path);
    },
  );

  it.each([
    '',
    '/',
    'https://evil.example/-/',
    '//evil.example/-/',
    '/-//evil.example',
    '/-/x?next=https://evil.example',
    '/-/\\evil.example',
    '\\\\evil.example',
    '/-/../..//evil.example',
    '/-/../x',
    '/-/%2e%2e/x',
    '/-/x\r\nset-cookie: a=b',
    '/-/ x',
    '/-/\u0000',
    '/-/ü',
    'javascript:alert(1)',
    `/-/${'a'.repeat(510)}`,
  ])('is no other: %j', (path) => {
    expect(readReturn(path)).toBeUndefined();
  });

  it('is nothing where nobody asks for one', () => {
    expect(readReturn(null)).toBeUndefined();
  });
});
