import { describe, expect, it } from '@jest/globals';
import { baseOf, cloneWays, type CloneSources } from './clone-ways.js';

const at = '2026-06-30T12:00:00.000Z';
const mirror = { region: null, state: 'available', checkedAt: at } as const;
const sources: CloneSources = {
  path: 'acme/web shop',
  primaryName: 'bitbucket.org',
  urls: {
    https: 'https://here.example/acme/web%20shop.git',
    ssh: null,
    primary: { https: 'https://bitbucket.org/acme/web%20shop.git', ssh: null },
  },
  mirrors: [
    { ...mirror, name: 'ber-1', url: 'https://here.example', sshUrl: null },
    {
      ...mirror,
      name: 'syd-1',
      region: 'Sydney',
      url: 'https://syd.example/',
      sshUrl: 'ssh://git@syd.example',
    },
    { ...mirror, name: 'nyc-1', url: 'https://nyc.example', sshUrl: null, state: 'unreachable' },
  ],
};

describe('the ways to clone a repository', () => {
  it('are this mirror, siblings that answer, and the primary, each by what it has', () => {
    expect(cloneWays(sources).map(({ source, sourceName, url }) => [source, sourceName, url])).toEqual([
      ['this', 'ber-1 (this mirror)', 'https://here.example/acme/web%20shop.git'],
      ['mirror-1', 'syd-1, Sydney', 'https://syd.example/acme/web%20shop.git'],
      ['mirror-1', 'syd-1, Sydney', 'ssh://git@syd.example/acme/web shop.git'],
      ['primary', 'bitbucket.org (the primary)', 'https://bitbucket.org/acme/web%20shop.git'],
    ]);
  });

  it('go to Sourcetree in the form of Bitbucket’s own dialogs', () => {
    expect(cloneWays(sources)[0]?.sourcetree).toBe(
      'sourcetree://cloneRepo/https://here.example/acme/web%20shop.git',
    );
  });

  it('have a base in common where paths are the same, and none where they are not', () => {
    expect(baseOf('https://here.example/acme/web%20shop.git', 'acme/web shop')).toBe('https://here.example/');
    expect(baseOf('ssh://git@here.example:7999/acme/one.git', 'acme/one')).toBe(
      'ssh://git@here.example:7999/',
    );
    expect(baseOf('https://here.example/scm/other.git', 'acme/one')).toBeUndefined();
  });
});
