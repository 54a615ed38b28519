import { describe, expect, it } from '@jest/globals';
import { git, tryGit } from './git.js';
import { startGitHttpBackend } from './git-http-backend.js';
import { makeHistory } from './make-history.js';
import { localRefs, lsRemote, withoutHead } from './refs.js';
import { openScratch } from './scratch.js';

const shape = { commits: 120, branches: 60, tags: 10, noise: { bytes: 4096, every: 10 } };

describe('a stock git host for tests', () => {
  it.each([0, 1, 2] as const)('serves a made history over protocol v%i', async (protocol) => {
    await using scratch = await openScratch();
    await makeHistory(scratch.file('team/nested/widget.git'), shape);
    await using host = await startGitHttpBackend({ root: scratch.path });
    const url = `${host.url}/team/nested/widget.git`;

    await git(['clone', '--quiet', '--mirror', url, scratch.file('copy')], { protocol });

    await git(['fsck', '--strict'], { cwd: scratch.file('copy') });
    const refs = await localRefs(scratch.file('copy'));
    expect(refs).toEqual(withoutHead(await lsRemote(url)));
    // The tags, of which half have a peeled line too, the branches, main and the tag of a tag.
    expect(Object.keys(refs)).toHaveLength(60 + 1 + 10 + 5 + 2);
    expect(host.requests.length).toBeGreaterThan(1);
  });

  it('asks who is there where it is told to', async () => {
    await using scratch = await openScratch();
    await makeHistory(scratch.file('widget.git'), { commits: 3, branches: 1, tags: 0 });
    await using host = await startGitHttpBackend({
      root: scratch.path,
      admits: (who) => who?.username === 'ann' && who.password === 'right',
    });
    const url = `${host.url}/widget.git`;

    await git(['ls-remote', url], { as: { username: 'ann', password: 'right' } });

    expect((await tryGit(['ls-remote', url])).code).not.toBe(0);
    expect((await tryGit(['ls-remote', url], { as: { username: 'ann', password: 'wrong' } })).code).not.toBe(
      0,
    );
  });
});
