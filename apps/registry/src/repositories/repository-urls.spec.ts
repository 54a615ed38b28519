import { describe, expect, it } from '@jest/globals';
import { repositoryUrls } from './repository-urls.js';

const primary = {
  sshUrl: 'ssh://git@bitbucket.example',
  gitUrl: (path: string) => `https://bitbucket.example/${path}.git`,
  sshPath: (path: string) => `${path}.git`,
};

describe('the URLs of a repository', () => {
  it('name the mirror by its own addresses, and the primary by its', () => {
    const mirror = { https: 'https://mirror.example/', ssh: 'ssh://git@mirror.example:7999' };
    expect(repositoryUrls('acme/widget', mirror, primary)).toEqual({
      https: 'https://mirror.example/acme/widget.git',
      ssh: 'ssh://git@mirror.example:7999/acme/widget.git',
      primary: {
        https: 'https://bitbucket.example/acme/widget.git',
        ssh: 'ssh://git@bitbucket.example/acme/widget.git',
      },
    });
  });

  it('are left out where nobody knows them', () => {
    const { sshPath, gitUrl } = primary;
    const urls = repositoryUrls('a/b', { https: undefined, ssh: undefined }, { sshPath, gitUrl });
    expect([urls.https, urls.ssh, urls.primary.ssh]).toEqual([null, null, null]);
  });

  it('can be pasted whatever a path holds', () => {
    const mirror = { https: 'https://mirror.example', ssh: undefined };
    expect(repositoryUrls('a b/c#d', mirror, primary).https).toBe('https://mirror.example/a%20b/c%23d.git');
  });
});
