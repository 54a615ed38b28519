import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, git, lsRemote, tryGit, type GitCredential, type Role } from '@antipode/testing';
import { SELECTED, sharedHouse, VERDICT_MS, type Neighbourhood } from '../src/neighbourhood.js';
import { basic, rawRequest, requestHead, type RawAnswer } from '../src/raw-request.js';

/** What two busy cores may need for one question. */
const SLACK_MS = 2500;

let here: Neighbourhood;

beforeAll(async () => {
  here = await sharedHouse('calm');
}, 240_000);

afterEach(() => here.sim.heal());

const CAST: readonly (Role | 'anonymous' | 'thief')[] = [
  'owner',
  'writer',
  'reader',
  'stranger',
  'anonymous',
  'thief',
];

/** The thief knows the owner's name, but not the token. */
function credentialOf(who: (typeof CAST)[number]): GitCredential | undefined {
  if (who === 'anonymous') return undefined;
  if (who === 'thief')
    return { username: here.house.user('owner').username, password: 'ATATT3xFfGF0-not-the-token' };
  return here.house.credential(who);
}

describe('who sees what', () => {
  it.each(CAST)('shows %s exactly what the primary shows, in every mirrored repository', async (who) => {
    const as = credentialOf(who);
    const { repositories } = await here.sim.state();
    const mirrored = repositories.filter(({ project }) => SELECTED.includes(project));
    expect(mirrored.length).toBeGreaterThan(4);
    for (const { fullName } of mirrored) {
      const direct = await tryGit(['ls-remote', here.house.primaryUrl(fullName)], { as });
      const ours = await tryGit(['ls-remote', here.house.url(fullName)], { as });
      expect({ fullName, ok: ours.code === 0, refs: ours.stdout }).toEqual({
        fullName,
        ok: direct.code === 0,
        refs: direct.stdout,
      });
    }
  });

  it('really has somebody in the cast who may not read something, and somebody who may', async () => {
    const storefront = `${here.house.workspace}/storefront`;
    const handbook = `${here.house.workspace}/handbook`;
    const may = async (who: (typeof CAST)[number], path: string): Promise<boolean> =>
      (await tryGit(['ls-remote', here.house.url(path)], { as: credentialOf(who) })).code === 0;
    expect(await Promise.all(CAST.map((who) => may(who, storefront)))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    // Also the thief: git shows its credential only to those who ask for one.
    expect(await Promise.all(CAST.map((who) => may(who, handbook)))).toEqual(CAST.map(() => true));
  });

  it.each(CAST)(
    'shows %s nothing of a repository outside the selection, not even to its owner',
    async (who) => {
      const outside = `${here.house.workspace}/pipelines`;
      const { code, stdout } = await tryGit(['ls-remote', here.house.url(outside)], {
        as: credentialOf(who),
      });
      expect(code).not.toBe(0);
      expect(stdout).toBe('');
    },
  );
});

describe('what cannot be told apart from outside', () => {
  const ROUTES: [string, (path: string) => [method: string, target: string, body: string]][] = [
    ['the advertisement', (path) => ['GET', `/${path}.git/info/refs?service=git-upload-pack`, '']],
    [
      'the advertisement for a push',
      (path) => ['GET', `/${path}.git/info/refs?service=git-receive-pack`, ''],
    ],
    ['a fetch', (path) => ['POST', `/${path}.git/git-upload-pack`, '0014command=ls-refs\n0000']],
    ['a push', (path) => ['POST', `/${path}.git/git-receive-pack`, '0000']],
    ['the URL without .git', (path) => ['GET', `/${path}/info/refs?service=git-upload-pack`, '']],
  ];

  async function ask(
    who: (typeof CAST)[number],
    [method, target, body]: [string, string, string],
  ): Promise<RawAnswer> {
    const as = credentialOf(who);
    const service = /git-(upload|receive)-pack/.exec(target)?.[0] ?? '';
    const head = requestHead(method, target, {
      'User-Agent': 'git/2.39.5',
      'Git-Protocol': 'version=2',
      ...(as ? { Authorization: basic(as.username, as.password) } : {}),
      ...(method === 'POST'
        ? { 'Content-Type': `application/x-${service}-request`, 'Content-Length': String(body.length) }
        : {}),
    });
    return rawRequest(here.house.demo.mirror.url, head + body);
  }

  /** Names of the same length, so that a sentence which quotes one would not differ by that alone. */
  const kinds = (): Record<string, string> => ({
    hidden: `${here.house.workspace}/storefront`,
    missing: `${here.house.workspace}/storefrant`,
    outside: `${here.house.workspace}/pipelines`,
    elsewhere: 'no-such-workspace/storefront',
  });

  it.each(ROUTES)(
    'answers the stranger the same for hidden, missing and unselected: %s',
    async (_name, route) => {
      const answers = await Promise.all(
        Object.entries(kinds()).map(
          async ([kind, path]) => [kind, await ask('stranger', route(path))] as const,
        ),
      );
      const [[, first]] = answers as [[string, RawAnswer]];
      expect(first.status).toBeGreaterThanOrEqual(403);
      expect(first.status).toBeLessThanOrEqual(404);
      for (const [kind, answer] of answers) expect({ kind, ...answer }).toEqual({ kind, ...first });
    },
  );

  it.each(ROUTES)('asks anonymous callers the same question for all of them: %s', async (_name, route) => {
    const answers = await Promise.all(Object.values(kinds()).map((path) => ask('anonymous', route(path))));
    const [first] = answers as [RawAnswer];
    expect(first.status).toBe(401);
    expect(first.head).toMatch(/^www-authenticate: Basic realm="[^"]+"$/im);
    for (const answer of answers) expect(answer).toEqual(first);
  });

  it.each(ROUTES)('refuses a wrong password the same for all of them: %s', async (_name, route) => {
    const answers = await Promise.all(Object.values(kinds()).map((path) => ask('thief', route(path))));
    const [first] = answers as [RawAnswer];
    expect(first.status).toBe(401);
    for (const answer of answers) expect(answer).toEqual(first);
  });

  it('tells a member alone that a repository of theirs is not selected, and where it is', async () => {
    const route = ROUTES[0]?.[1] ?? (() => ['GET', '/', ''] as [string, string, string]);
    const { outside = '', missing = '' } = kinds();
    const answer = await ask('owner', route(outside));
    expect(answer).toMatchObject({ status: 404, body: expect.stringContaining('is not mirrored here') });
    expect(answer.body).toContain(here.house.primaryUrl(outside));
    expect((await ask('owner', route(missing))).body).toContain('either does not exist');
  });

  it('says so in the words that people know from the primary', async () => {
    const { stderr } = await tryGit(['ls-remote', here.house.url('storefront')], {
      as: credentialOf('stranger'),
    });
    expect(stderr).toContain('either does not exist or you do not have access');
  });
});

describe('when rights change', () => {
  it('refuses a revoked token once its verdict has lived its life', async () => {
    const path = `${here.house.workspace}/storefront`;
    const { password, id } = await makeToken('writer');
    const as = { username: here.house.user('writer').username, password };
    await git(['ls-remote', here.house.url(path)], { as });

    await here.sim.control('DELETE', `/tokens/${id}`);
    const revokedAt = Date.now();

    const refused = await eventually(
      async () => {
        const result = await tryGit(['ls-remote', here.house.url(path)], { as });
        return result.code === 0 ? undefined : result;
      },
      { timeoutMs: VERDICT_MS + SLACK_MS, everyMs: 200 },
    );
    expect(Date.now() - revokedAt).toBeLessThanOrEqual(VERDICT_MS + SLACK_MS);
    expect(refused.stderr).toContain('Authentication failed');
    // The same person with a good token is not affected.
    await git(['ls-remote', here.house.url(path)], { as: here.house.credential('writer') });
  });

  it('refuses somebody whose right was taken away, though the token is good', async () => {
    const { workspace } = here.house;
    const as = here.house.credential('reader');
    const grant = `/workspaces/${workspace}/projects/WEB/users/${as.username}`;
    await git(['ls-remote', here.house.url('storefront')], { as });
    await here.sim.control('PUT', grant, { permission: null });
    try {
      await eventually(
        async () => (await tryGit(['ls-remote', here.house.url('storefront')], { as })).code !== 0,
        { timeoutMs: VERDICT_MS + SLACK_MS, everyMs: 200 },
      );
    } finally {
      await here.sim.control('PUT', grant, { permission: 'read' });
    }
    await eventually(
      async () => (await tryGit(['ls-remote', here.house.url('storefront')], { as })).code === 0,
      {
        timeoutMs: VERDICT_MS + SLACK_MS,
        everyMs: 200,
      },
    );
  });

  it('takes every form of credential that the primary takes', async () => {
    const path = `${here.house.workspace}/storefront`;
    const { apiToken } = here.house.user('reader');
    const { mirrorToken } = await here.sim.state();
    const direct = await lsRemote(here.house.primaryUrl(path), { as: here.house.credential('owner') });
    for (const as of [
      { username: 'x-bitbucket-api-token-auth', password: apiToken },
      { username: 'x-token-auth', password: mirrorToken },
    ]) {
      expect(await lsRemote(here.house.url(path), { as })).toEqual(direct);
    }
    // Nor one more: the e-mail address is for REST.
    const email = { username: here.house.user('reader').email, password: apiToken };
    expect((await tryGit(['ls-remote', here.house.url(path)], { as: email })).code).not.toBe(0);
  });
});

async function makeToken(role: Role): Promise<{ id: string; password: string }> {
  const { username } = here.house.user(role);
  const made = await here.sim.control<{ id: string; secret: string }>('POST', '/tokens', {
    kind: 'api',
    user: username,
    scopes: ['read:repository:bitbucket'],
  });
  return { id: made.id, password: made.secret };
}
