import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findRoute } from './routes.js';

describe('routes', () => {
  it.each([
    ['/acme/widget.git/info/refs?service=git-upload-pack', 'info_refs', 'acme/widget.git'],
    ['/a/b/c/info/refs', 'info_refs', 'a/b/c'],
    ['/acme/widget/git-upload-pack', 'upload_pack', 'acme/widget'],
    ['/acme/widget/git-receive-pack', 'receive_pack', 'acme/widget'],
    ['/acme/widget.git/info/lfs/objects/batch', 'lfs_batch', 'acme/widget.git'],
    ['/acme/widget/info/lfs/objects/batch', 'lfs_batch', 'acme/widget'],
    ['/acme/widget.git/info/lfs/locks?path=a', 'lfs_locks', 'acme/widget.git'],
    ['/acme/widget/info/lfs/locks/verify', 'lfs_locks', 'acme/widget'],
    ['/acme/widget/info/lfs/locks/a%20b/unlock', 'lfs_locks', 'acme/widget'],
    ['/acme/widget/info/lfs/locks/a/b/unlock', 'lfs_unknown', 'acme/widget'],
    ['/acme/widget.git/info/lfs', 'lfs_unknown', 'acme/widget.git'],
    ['/acme/widget.git/info/lfs/objects/batch/', 'lfs_unknown', 'acme/widget.git'],
    ['/-/lfs/download/x', 'lfs_object', ''],
    ['/-/lfs', 'own', ''],
    ['/-/lfsx/download/x', 'own', ''],
    ['/acme/widget.git/HEAD', 'dumb', 'acme/widget.git'],
    ['/acme/widget.git/objects/info/packs', 'dumb', 'acme/widget.git'],
    ['/-/api/v1/x/info/refs', 'own', ''],
    ['/-', 'own', ''],
    ['/-x/y/info/refs', 'info_refs', '-x/y'],
    ['/-/api/v1/events', 'live', ''],
    ['/-/API/v1/events/?since=1', 'live', ''],
    ['/-/api/v1/events/more', 'own', ''],
    ['/rest/mirroring/latest/mirrorServers', 'own', ''],
    ['/rest/', 'own', ''],
    ['/status', 'own', ''],
    ['/status/x', 'page', 'status/x'],
    ['/rest', 'page', 'rest'],
    ['/restful/x', 'page', 'restful/x'],
    ['/rest/widget.git/info/refs', 'info_refs', 'rest/widget.git'],
    ['/rest/widget.git/git-upload-pack', 'upload_pack', 'rest/widget.git'],
    ['/rest/widget.git/info/lfs/objects/batch', 'lfs_batch', 'rest/widget.git'],
    ['/info/refs', 'page', 'info/refs'],
    ['/', 'page', ''],
    ['http://elsewhere.example/acme/widget/info/refs', 'info_refs', 'acme/widget'],
  ])('take %s for %s', (target, name, path) => {
    expect(findRoute(target)).toMatchObject({ name, path });
  });

  it('tell which lock is meant', () => {
    expect(findRoute('/acme/widget/info/lfs/locks/a%20b/unlock')?.rest).toBe('locks/a%20b/unlock');
  });

  it('take nothing that is no path', () => {
    expect(findRoute('*')).toBeUndefined();
    expect(findRoute('example.com:443')).toBeUndefined();
  });

  it('take any target in a moment and without a throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .array(fc.constantFrom('/', 'info', 'refs', 'objects', '%2e', '..'))
            .map((parts) => `/${parts.join('')}`),
        ),
        (target) => {
          findRoute(target);
        },
      ),
    );
  });
});
