import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseLfsPath } from './lfs-path.js';

describe('LFS paths', () => {
  it.each([
    [
      '/acme/widget.git/info/lfs/objects/batch',
      { workspace: 'acme', slug: 'widget', tail: '/objects/batch' },
    ],
    ['/acme/widget/info/lfs/locks', { workspace: 'acme', slug: 'widget', tail: '/locks' }],
    ['/acme/a.b.git/info/lfs/locks/1/unlock', { workspace: 'acme', slug: 'a.b', tail: '/locks/1/unlock' }],
  ])('reads %s', (path, expected) => expect(parseLfsPath(path)).toEqual(expected));

  it.each([
    '/acme/widget.git/info/lfs',
    '/widget.git/info/lfs/locks',
    '/acme/%/info/lfs/locks',
    '/acme/w/info/refs',
  ])('knows nothing of %s', (path) => expect(parseLfsPath(path)).toBeUndefined());

  it('answers any path', () => {
    fc.assert(fc.property(fc.webPath(), (path) => void parseLfsPath(path)));
  });
});
