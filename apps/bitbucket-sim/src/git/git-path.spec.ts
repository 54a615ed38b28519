import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseGitPath } from './git-path.js';

describe('git paths', () => {
  it.each([
    ['/acme/widget.git/info/refs', { workspace: 'acme', slug: 'widget', operation: 'info-refs' }],
    ['/acme/widget/git-upload-pack', { workspace: 'acme', slug: 'widget', operation: 'upload-pack' }],
    ['/acme/a.b.git/git-receive-pack', { workspace: 'acme', slug: 'a.b', operation: 'receive-pack' }],
    ['/acme/wid%67et.git/info/refs', { workspace: 'acme', slug: 'widget', operation: 'info-refs' }],
  ])('reads %s', (path, expected) => expect(parseGitPath(path)).toMatchObject(expected));

  it.each([
    '/',
    '/acme/widget.git',
    '/acme/widget.git/HEAD',
    '/widget.git/info/refs',
    '/a/b/c/info/refs',
    '/acme//info/refs',
    '/acme/%/info/refs',
    '/acme/widget.git/info/refs/',
  ])('takes %s for a web page', (path) => expect(parseGitPath(path)).toBeUndefined());

  it('answers any path', () => {
    fc.assert(fc.property(fc.webPath(), (path) => void parseGitPath(path)));
  });
});
