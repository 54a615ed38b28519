import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseBitbucketPath } from './repository-path.js';

const slug = fc.stringMatching(/^[a-z0-9_][a-z0-9_.-]{0,60}[a-z0-9_]$/);

describe('the grammar of Bitbucket paths', () => {
  it.each([
    ['acme/widget', 'acme/widget'],
    ['acme/widget.git', 'acme/widget'],
    ['Acme/Widget.GIT', 'acme/widget'],
    ['acme/.github', 'acme/.github'],
    ['acme/widget.js', 'acme/widget.js'],
    ['acme/antipode', 'acme/antipode'],
    ['ac_me-2/a', 'ac_me-2/a'],
  ])('reads %s as %s', (path, normal) => {
    expect(parseBitbucketPath(path)).toBe(normal);
  });

  it.each([
    '',
    'acme',
    'acme/',
    '/widget',
    '/acme/widget',
    'acme//widget',
    'acme/widget/',
    'acme/team/widget',
    'acme/widget.git.git',
    'acme/.git',
    'acme/.GIT',
    'acme/.git.git',
    'acme/..',
    'acme/...git',
    '../widget',
    './widget',
    'acme/-',
    '-/api',
    '-/webhooks',
    'antipode/widget',
    'Antipode/widget',
    '_sim/counters',
    'acme/wid get',
    'acme/wid%67et',
    'acme/widget\0',
    'acme\\widget',
    'acme/widget\n',
    'acme/wídget',
    'acme/\u212aelvin',
    'acme/{0f1e2d3c-0000-4000-8000-000000000000}',
    `acme/${'a'.repeat(129)}`,
    `${'a'.repeat(129)}/widget`,
  ])('refuses %j', (path) => {
    expect(parseBitbucketPath(path)).toBeUndefined();
  });

  it('answers every text with a normal form of plain characters, or not at all', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom('a', '.', '/', 'g', 'i', 't', '-') }),
        ),
        (path) => {
          const normal = parseBitbucketPath(path);
          if (normal === undefined) return;
          expect(normal).toMatch(/^[a-z0-9_-]+\/[a-z0-9_.-]+$/);
          expect(normal.split('/')).not.toContain('..');
          expect(normal).not.toMatch(/\.git$/);
          expect(parseBitbucketPath(normal)).toBe(normal);
          expect(parseBitbucketPath(`${normal}.git`)).toBe(normal);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('does not care about case or about one ".git"', () => {
    fc.assert(
      fc.property(slug, slug, (workspace, name) => {
        const plain = parseBitbucketPath(`${workspace.replaceAll('.', '_')}/${name}`);
        const loud = parseBitbucketPath(`${workspace.replaceAll('.', '_')}/${name}`.toUpperCase() + '.git');
        if (!name.endsWith('.git')) expect(loud).toBe(plain);
      }),
    );
  });
});
