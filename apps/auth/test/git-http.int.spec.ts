import { describe, expect, it } from '@jest/globals';
import { makeHistory, openScratch, startGitHttpBackend, startRedis } from '@antipode/testing';
import { openAuth } from './open-auth.js';

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

describe('a host that is nothing but git', () => {
  it('is asked like every other, and a nobody learns nothing from how it says no', async () => {
    await using scratch = await openScratch();
    await using redis = await startRedis();
    await makeHistory(scratch.file('open/handbook.git'), { commits: 1, branches: 1, tags: 0 });
    await makeHistory(scratch.file('team/sub/Widget.git'), { commits: 1, branches: 1, tags: 0 });
    // Says 404 to everybody for what is missing, and 401 for what is not theirs: more than we want to repeat.
    await using host = await startGitHttpBackend({
      root: scratch.path,
      admits: (who, path) => !path.startsWith('/team/') || who?.password === 'right',
      knows: (who) => who.password === 'right',
    });
    const env = { PRIMARY_KIND: 'git-http', PRIMARY_GIT_URL: host.url, REDIS_URL: redis.url };
    await using auth = await openAuth(env);
    const ann = basic('ann', 'right');

    expect(await auth.outcome({ path: 'team/sub/Widget', authorization: ann })).toBe('allowed');
    expect(await auth.outcome({ path: 'team/sub/widget', authorization: ann })).toBe('not_found');
    expect(await auth.outcome({ path: 'team/sub/Widget', authorization: basic('ann', 'wrong') })).toBe(
      'unauthenticated',
    );
    expect(await auth.outcome({ path: 'open/handbook' })).toBe('allowed');
    for (const path of ['open/none', 'none', 'team/sub/Widget', 'team/none']) {
      expect(await auth.outcome({ path })).toBe('unauthenticated');
    }
  });
});
