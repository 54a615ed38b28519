import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { git, openScratch, tryGit } from '@antipode/testing';
import { basic, SimUnderTest } from './open-sim.js';

const MISSING =
  "does not exist or you do not have access. If you believe this repository exists and you have access, make sure you're authenticated.";

describe('git over HTTP', () => {
  let sim: SimUnderTest;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
  });
  afterAll(() => sim[Symbol.asyncDispose]());

  const probe = async (path: string, authorization?: string, service = 'git-upload-pack') =>
    fetch(`${sim.repository(path)}/info/refs?service=${service}`, {
      headers: authorization ? { authorization } : {},
    });

  it.each([0, 1, 2] as const)('serves a whole clone over protocol v%i', async (protocol) => {
    await using scratch = await openScratch();
    await git(['clone', '--quiet', '--mirror', sim.repository('acme/storefront'), scratch.file('copy')], {
      as: sim.git('walter'),
      protocol,
    });

    await git(['fsck', '--strict'], { cwd: scratch.file('copy') });
    const commits = await git(['rev-list', '--count', '--all'], { cwd: scratch.file('copy') });
    expect(Number(commits)).toBeGreaterThan(300);
  });

  it.each([
    ['olivia', [200, 200, 200]],
    ['walter', [200, 200, 200]],
    ['rita', [200, 403, 200]],
    ['sven', [403, 403, 200]],
    ['mirror', [200, 200, 200]],
  ])('shows %s what they may see', async (name, expected) => {
    const { username, password } = sim.git(name);
    const answers = await Promise.all(
      ['acme/storefront', 'acme/pipelines', 'acme/handbook'].map((path) =>
        probe(path, basic(username, password)),
      ),
    );

    expect(answers.map(({ status }) => status)).toEqual(expected);
  });

  it('says the same about what is hidden and what is missing', async () => {
    const { username, password } = sim.git('sven');
    const [hidden, missing] = await Promise.all([
      probe('acme/storefront', basic(username, password)),
      probe('acme/none', basic(username, password)),
    ]);

    expect(await hidden.text()).toContain(MISSING);
    expect(await missing.text()).toContain(MISSING);
    expect([hidden.status, missing.status]).toEqual([403, 403]);
  });

  it('asks anonymous callers who they are, whether or not the repository exists', async () => {
    for (const path of ['acme/storefront', 'acme/none', 'nobody/none']) {
      const answer = await probe(path);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    }
  });

  it.each([
    ['the Bitbucket username', (s: SimUnderTest) => basic('olivia', s.user('olivia').apiToken), 200],
    [
      'the static username',
      (s: SimUnderTest) => basic('x-bitbucket-api-token-auth', s.user('olivia').apiToken),
      200,
    ],
    [
      'the e-mail, which is for REST',
      (s: SimUnderTest) => basic('olivia@example.com', s.user('olivia').apiToken),
      401,
    ],
    ["somebody else's username", (s: SimUnderTest) => basic('walter', s.user('olivia').apiToken), 401],
    [
      'the name for access tokens',
      (s: SimUnderTest) => basic('x-token-auth', s.user('olivia').apiToken),
      401,
    ],
    ['an access token under its name', (s: SimUnderTest) => basic('x-token-auth', s.mirrorToken), 200],
    ['an access token under another name', (s: SimUnderTest) => basic('olivia', s.mirrorToken), 401],
    ['an access token as Bearer', (s: SimUnderTest) => `Bearer ${s.mirrorToken}`, 401],
    ['a made-up token', () => basic('x-token-auth', 'ATCTTnonsense'), 401],
    ['something that is no credential', () => 'Basic %%%', 401],
  ])('judges %s', async (_what, authorization, status) => {
    expect((await probe('acme/storefront', authorization(sim))).status).toBe(status);
  });

  it('refuses a push without the right to write, and one without the scope', async () => {
    const { username, password } = sim.git('rita');
    const mayNot = await probe('acme/storefront', basic(username, password), 'git-receive-pack');
    const lacksScope = await probe(
      'acme/storefront',
      basic('x-token-auth', sim.mirrorToken),
      'git-receive-pack',
    );

    expect([mayNot.status, lacksScope.status]).toEqual([403, 403]);
    expect(await lacksScope.text()).toBe('Your credentials lack one or more required privilege scopes.');
  });

  it('shows a reader the receive-pack advertisement where it is told to, but takes no push', async () => {
    await using scratch = await openScratch();
    await sim.control('PATCH', '/settings', { readerReceivePackAdvertisement: 200 });
    await git(['clone', '--quiet', '--depth=1', sim.repository('acme/storefront'), scratch.file('work')], {
      as: sim.git('rita'),
    });

    const { username, password } = sim.git('rita');
    expect((await probe('acme/storefront', basic(username, password), 'git-receive-pack')).status).toBe(200);
    const push = await tryGit(['push', sim.repository('acme/storefront'), 'HEAD:mine'], {
      cwd: scratch.file('work'),
      as: sim.git('rita'),
    });

    expect(push.code).not.toBe(0);
    expect(await sim.control('GET', '/repositories/acme/storefront/refs')).not.toHaveProperty(
      'refs.refs/heads/mine',
    );
    await sim.control('PATCH', '/settings', { readerReceivePackAdvertisement: 403 });
  });

  it.each([
    ['ip-allowlist', 'To access this repository, an admin must whitelist your IP.'],
    ['two-step', 'To access this repository, enable two-step authentication.'],
  ])('refuses everybody for %s with its text', async (refusal, text) => {
    await sim.control('PATCH', '/repositories/acme/pipelines', { refusal });
    const answer = await probe('acme/pipelines', basic('x-token-auth', sim.mirrorToken));

    expect([answer.status, await answer.text()]).toEqual([403, text]);
    await sim.control('PATCH', '/repositories/acme/pipelines', { refusal: null });
  });

  it('serves a public repository to anybody, with and without .git', async () => {
    for (const url of [sim.repository('acme/handbook'), `${sim.url}/acme/handbook`]) {
      expect(await git(['ls-remote', url])).toContain('refs/heads/drafts');
    }
  });

  it('refuses a bad credential on a public repository, or not, as it is told', async () => {
    const before = await probe('acme/handbook', basic('olivia', 'wrong'));
    await sim.control('PATCH', '/settings', { badCredentialOnPublic: 200 });
    const after = await probe('acme/handbook', basic('olivia', 'wrong'));
    await sim.control('PATCH', '/settings', { badCredentialOnPublic: 401 });

    expect([before.status, after.status]).toEqual([401, 200]);
  });

  it('serves an empty repository in every version', async () => {
    for (const protocol of [0, 1, 2] as const) {
      expect(
        await git(['ls-remote', sim.repository('acme/playground')], { as: sim.git('rita'), protocol }),
      ).toBe('');
    }
  });

  it('filters only where it is told to', async () => {
    await using scratch = await openScratch();
    const clone = (to: string) =>
      git([
        'clone',
        '--quiet',
        '--bare',
        '--filter=blob:none',
        sim.repository('acme/handbook'),
        scratch.file(to),
      ]);
    const missing = (of: string) =>
      git(['rev-list', '--objects', '--all', '--missing=print'], { cwd: scratch.file(of) });

    await clone('off');
    await sim.control('PATCH', '/settings', { filter: true });
    await clone('on');
    await sim.control('PATCH', '/settings', { filter: false });

    expect(await missing('off')).not.toMatch(/^\?/m);
    expect(await missing('on')).toMatch(/^\?/m);
  });

  it('speaks no newer version than it is told to', async () => {
    const authorization = basic('x-token-auth', sim.mirrorToken);
    const first = async () => {
      const url = `${sim.repository('acme/storefront')}/info/refs?service=git-upload-pack`;
      return (await fetch(url, { headers: { authorization, 'git-protocol': 'version=2' } })).text();
    };
    expect(await first()).toContain('version 2');
    await sim.control('PATCH', '/settings', { maxProtocolVersion: 0 });
    expect(await first()).toContain('refs/heads/main');
    await sim.control('PATCH', '/settings', { maxProtocolVersion: 2 });
  });

  it('refuses what is not smart HTTP with a sentence', async () => {
    const dumb = await fetch(`${sim.repository('acme/handbook')}/info/refs`);
    const object = await fetch(`${sim.repository('acme/handbook')}/objects/info/packs`);

    expect([dumb.status, object.status]).toEqual([403, 404]);
  });

  it('counts requests and bytes per repository and operation', async () => {
    await using scratch = await openScratch();
    await sim.control('DELETE', '/counters');
    await git(['clone', '--quiet', '--bare', sim.repository('acme/warehouse'), scratch.file('copy')], {
      as: sim.git('walter'),
    });

    const { git: counts } = await sim.control('GET', '/counters');
    expect(counts.commands).toEqual({ 'ls-refs': 1, fetch: 1 });
    expect(counts.repositories['acme/warehouse']['upload-pack']).toMatchObject({
      requests: 2,
      statuses: { 200: 2 },
    });
    expect(counts.operations['upload-pack'].bytesOut).toBeGreaterThan(500_000);
    expect(counts.operations['receive-pack'].requests).toBe(0);
  });

  it('refuses an identity that has spent its hour', async () => {
    await sim.control('PATCH', '/settings', { limits: { git: 2 } });
    await sim.control('DELETE', '/rate-limits');
    const statuses = [];
    for (let i = 0; i < 3; i += 1)
      statuses.push((await probe('acme/storefront', basic('x-token-auth', sim.mirrorToken))).status);
    const other = await probe('acme/storefront', basic('olivia', sim.user('olivia').apiToken));
    await sim.control('PATCH', '/settings', { limits: { git: 60_000 } });

    expect(statuses).toEqual([200, 200, 429]);
    expect(other.status).toBe(200);
  });
});
