import { describe, expect, it } from '@jest/globals';
import { parseList, parsePortBase, parsePrimary, primaryFrom } from './up-settings.js';

describe('the options of up', () => {
  it('take a port base from which all 18 ports fit', () => {
    expect(parsePortBase('8100')).toBe(8100);
    expect(parsePortBase('65518')).toBe(65518);
    for (const wrong of ['65519', '80', '8100.5', 'many', ''])
      expect(() => parsePortBase(wrong)).toThrow(/whole number/);
  });

  it('take a primary as kind and URL, and drop the slash at its end', () => {
    expect(parsePrimary('git-http=http://127.0.0.1:9000/base/')).toEqual({
      kind: 'git-http',
      url: 'http://127.0.0.1:9000/base',
    });
    for (const wrong of ['git-http', 'svn=http://host', 'git-http=ftp://host', 'git-http=http://']) {
      expect(() => parsePrimary(wrong)).toThrow(/KIND=URL/);
    }
  });

  it('take a list with spaces and empty places', () => {
    expect(parseList('team/a, team/b,,')).toEqual(['team/a', 'team/b']);
  });

  it('name no primary where none is given: the simulator is one', () => {
    expect(primaryFrom({ data: '.antipode', portBase: 7990, demo: true })).toBeUndefined();
  });

  it('hand on what is given, and nothing else', () => {
    const primary = { kind: 'git-http', url: 'http://127.0.0.1:9000' } as const;
    expect(
      primaryFrom({
        data: '.antipode',
        portBase: 7990,
        demo: false,
        primary,
        onDemand: true,
        repositories: ['a'],
      }),
    ).toEqual({
      kind: 'git-http',
      gitUrl: 'http://127.0.0.1:9000',
      onDemand: true,
      repositories: ['a'],
    });
  });

  it('take a workspace away that the environment names, where nobody is to be connected', () => {
    const primary = { kind: 'bitbucket-cloud', url: 'https://bitbucket.org' } as const;
    const options = { data: '.antipode', portBase: 7990, demo: true, unconnected: true } as const;
    // Empty settings count as absent, and hide those of the environment.
    expect(primaryFrom({ ...options, primary })).toMatchObject({ workspace: '', tokenFile: '' });
    expect(() => primaryFrom({ ...options, primary: { ...primary, kind: 'git-http' } })).toThrow();
  });
});
