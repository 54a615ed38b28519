import { describe, expect, it } from '@jest/globals';
import { readReturn } from './visit.js';

describe('a path to come back to', () => {
  it.each(['/-/', '/-/repositories/acme/web', '/-/connect?workspace=acme'])('may be %s', (path) => {
    expect(readReturn(path)).toBe(path);
  });

  it.each([
    null,
    '',
    '/',
    '//evil.example',
    'https://evil.example/-/',
    '/-//evil.example',
    '/-/\\evil.example',
    '/-/\r\nset-cookie: a=b',
    `/-/${'a'.repeat(512)}`,
  ])('must not be %j', (path) => {
    expect(readReturn(path)).toBeUndefined();
  });
});
