import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lockTarget } from './lock-target.js';

describe('a question about locks', () => {
  it('goes to the same place at the primary, with what git-lfs filters by', () => {
    expect(lockTarget('locks', 'path=a%20b&limit=10&token=secret&cursor=')).toBe('locks?path=a+b&limit=10');
    expect(lockTarget('locks', '')).toBe('locks');
    expect(lockTarget('locks/verify', 'path=x')).toBe('locks/verify');
    expect(lockTarget('locks/7f%7B1%7D/unlock', '')).toBe('locks/7f%7B1%7D/unlock');
  });

  it.each(['..', '%2e%2e', '.', 'a%2Fb', 'a%5Cb', '%', 'a%00', 'x'.repeat(201), 'a%20b'])(
    'leads nowhere else: %s',
    (id) => expect(lockTarget(`locks/${id}/unlock`, '')).toBeUndefined(),
  );

  it('stays below the LFS server, whatever the id', () => {
    const base = 'https://primary.example/acme/widget.git/info/lfs/';
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'./%2eE5cfF\\?#ab') }), (id) => {
        const target = lockTarget(`locks/${id}/unlock`, '');
        if (target === undefined) return;
        expect(new URL(target, base).href).toMatch(
          /^https:\/\/primary.example\/acme\/widget.git\/info\/lfs\/locks\/[^/]+\/unlock$/,
        );
      }),
    );
  });
});
