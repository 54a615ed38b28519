import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isRepositoryId } from '@antipode/domain';
import { identifyByPath } from './identify.js';
import { parseGitHttpPath } from './repository-path.js';

describe('the grammar of paths on any git host', () => {
  it.each([
    ['widget', 'widget'],
    ['widget.git', 'widget'],
    ['Team/Sub/Widget.git', 'Team/Sub/Widget'],
    ['~ann/notes', '~ann/notes'],
    ['größe/文書', 'größe/文書'],
  ])('reads %s as %s', (path, normal) => {
    expect(parseGitHttpPath(path)).toBe(normal);
  });

  it.each([
    '',
    '.git',
    'team/.git',
    'team/.git/config',
    'team/.GIT/config',
    'widget.git.git',
    'widget.git/../../etc/passwd',
    '/widget',
    'widget/',
    'a//b',
    '../a',
    'a/..',
    'a/./b',
    '-/api/v1',
    'a/-/b',
    'antipode/x',
    '_sim/x',
    'a%2fb',
    'a\\b',
    'a\0b',
    'a b',
    'a?b',
    'a#b',
    'a:b',
    'a\u200bb',
    'a\u202eb',
    'gro\u0308\u00dfe',
    '\ud800',
    'x'.repeat(256),
    Array.from({ length: 21 }, () => 'a').join('/'),
    Array.from({ length: 20 }, () => 'a'.repeat(60)).join('/'),
  ])('refuses %j', (path) => {
    expect(parseGitHttpPath(path)).toBeUndefined();
  });

  it('answers every text with a path that a URL parser leaves as it is, or not at all', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('a', 'B', '.', '/', 'git', '-', '%', 'é') }),
    );
    fc.assert(
      fc.property(text, (path) => {
        const normal = parseGitHttpPath(path);
        if (normal === undefined) return;
        const encoded = normal.split('/').map(encodeURIComponent).join('/');
        expect(new URL(`http://host/base/${encoded}.git`).pathname).toBe(`/base/${encoded}.git`);
        expect(parseGitHttpPath(normal)).toBe(normal);
        expect(parseGitHttpPath(`${normal}.git`)).toBe(normal);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the identity of a repository without a UUID', () => {
  it('is a version 5 UUID that depends on the path alone, case included', () => {
    expect(identifyByPath('team/widget')).toBe('a223cd8b-3544-51db-b22b-3601955f7226');
    expect(identifyByPath('team/Widget')).not.toBe(identifyByPath('team/widget'));
    fc.assert(
      fc.property(
        fc.string(),
        (path) => isRepositoryId(identifyByPath(path)) && identifyByPath(path)[14] === '5',
      ),
    );
  });
});
