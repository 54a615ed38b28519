import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { describePrimary } from './describe-primary.js';
import { eventually } from '@antipode/testing';
import { basic, openBitbucket, type OpenBitbucket } from './open-bitbucket.js';

describePrimary('Bitbucket Cloud', async () => {
  const host = await openBitbucket();
  const { sim, primary, workspace, git } = host;
  return {
    primary,
    base: sim.url,
    hidden: `${workspace}/storefront`,
    open: `${workspace}/handbook`,
    missing: `${workspace}/none`,
    people: {
      writer: git('writer'),
      reader: git('reader'),
      stranger: git('stranger'),
      impostor: basic('walter', 'ATATT-guessed'),
    },
    connection: { token: sim.state.mirrorToken },
    stop: () => sim.control.faults({ down: 'destroy' }),
    [Symbol.asyncDispose]: async () => {
      await host[Symbol.asyncDispose]();
    },
  };
});

describe('access on Bitbucket Cloud', () => {
  let host: OpenBitbucket;
  beforeAll(async () => {
    host = await openBitbucket({ PRIMARY_TIMEOUT_SECONDS: '3' });
  }, 120_000);
  afterEach(() => host.sim.control.heal());
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
  });

  it('is judged alike for a repository that is hidden and for one that does not exist', async () => {
    const authorization = host.git('stranger');
    const ask = (slug: string, right: 'read' | 'write') =>
      host.primary.authorize({ path: `${host.workspace}/${slug}`, right, authorization });
    expect(await ask('storefront', 'read')).toEqual({ kind: 'not_found' });
    expect(await ask('none', 'read')).toEqual({ kind: 'not_found' });
    expect(await ask('storefront', 'write')).toEqual(await ask('none', 'write'));
  });

  it('takes every form of credential that git may send, and no other', async () => {
    const { sim, primary, workspace } = host;
    const rita = sim.state.users.find(({ role }) => role === 'reader');
    if (!rita) throw new Error('the sample has no reader');
    const repositoryToken = await sim.control.control<{ secret: string }>('POST', '/tokens', {
      kind: 'repository',
      workspace,
      repository: 'storefront',
      scopes: ['repository'],
    });
    const verdict = async (authorization: string): Promise<string> =>
      (await primary.authorize({ path: `${workspace}/storefront`, right: 'read', authorization })).kind;

    expect(await verdict(basic(rita.username, rita.apiToken))).toBe('allowed');
    expect(await verdict(basic('x-bitbucket-api-token-auth', rita.apiToken))).toBe('allowed');
    expect(await verdict(basic('x-token-auth', sim.state.mirrorToken))).toBe('allowed');
    expect(await verdict(basic('x-token-auth', repositoryToken.secret))).toBe('allowed');
    expect(await verdict(basic(rita.email, rita.apiToken))).toBe('unauthenticated');
    expect(await verdict(basic('x-token-auth', rita.apiToken))).toBe('unauthenticated');
    expect(await verdict(basic('x-bitbucket-api-token-auth', sim.state.mirrorToken))).toBe('unauthenticated');
    expect(await verdict(`Digest ${rita.apiToken}`)).toBe('unauthenticated');
  });

  it.each([false, true])('takes a Bearer token, whether or not git itself does (%s)', async (bearerOnGit) => {
    const { sim, primary, workspace } = host;
    await sim.control.control('PATCH', '/settings', { bearerOnGit });
    await settled(host);
    await sim.control.resetCounters();
    const ask = (token: string) =>
      primary.authorize({ path: `${workspace}/storefront`, right: 'read', authorization: `Bearer ${token}` });
    expect(await ask(sim.state.mirrorToken)).toEqual({ kind: 'allowed' });
    await eventually(async () => (await sim.control.counters()).git.requests === (bearerOnGit ? 1 : 2));
    expect(await ask('guessed')).toEqual({ kind: 'unauthenticated' });
  });

  it('is denied with Bitbucket’s own sentence where a scope is missing', async () => {
    const { sim, primary, workspace } = host;
    const { secret } = await sim.control.control<{ secret: string }>('POST', '/tokens', {
      kind: 'api',
      user: 'walter',
      scopes: ['read:user:bitbucket'],
    });
    const authorization = basic('walter', secret);
    expect(
      await primary.authorize({ path: `${workspace}/storefront`, right: 'read', authorization }),
    ).toEqual({
      kind: 'denied',
      message: 'Your credentials lack one or more required privilege scopes.',
    });
  });

  it('ends with the token', async () => {
    const { sim, primary, workspace } = host;
    const question = {
      path: `${workspace}/storefront`,
      right: 'read',
      authorization: host.git('reader'),
    } as const;
    expect((await primary.authorize(question)).kind).toBe('allowed');
    const rita = sim.state.users.find(({ role }) => role === 'reader');
    await sim.control.control('DELETE', `/tokens/${rita?.apiToken}`);
    expect((await primary.authorize(question)).kind).toBe('unauthenticated');
    await sim.control.control('POST', `/tokens/${rita?.apiToken}/restore`);
  });

  it.each([
    [{ fail: [{ class: 'git', status: 429 }] }, 'primary_limited'],
    [{ fail: [{ class: 'git', status: 503, body: 'html' }] }, 'primary_unavailable'],
    [{ down: 'unavailable' }, 'primary_unavailable'],
  ] as const)('has no answer under %j', async (faults, code) => {
    await host.sim.control.faults(faults as never);
    const question = {
      path: `${host.workspace}/storefront`,
      right: 'read',
      authorization: host.git('reader'),
    } as const;
    await expect(host.primary.authorize(question)).rejects.toMatchObject({ code });
  });

  it('waits for an answer no longer than it was told to', async () => {
    await host.sim.control.faults({ latencyMs: { git: 20_000 } });
    const question = {
      path: `${host.workspace}/storefront`,
      right: 'read',
      authorization: undefined,
    } as const;
    await expect(host.primary.authorize(question)).rejects.toMatchObject({ code: 'primary_unavailable' });
  });
});

/** Requests are counted when their answers have gone, which may be a moment after the caller has them. */
async function settled({ sim }: OpenBitbucket): Promise<void> {
  let before = -1;
  const isQuiet = async (): Promise<boolean> => {
    const { requests } = (await sim.control.counters()).git;
    const isSame = requests === before;
    before = requests;
    return isSame;
  };
  await eventually(isQuiet, { everyMs: 50 });
}
