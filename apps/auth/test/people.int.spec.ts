import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { auth as proto } from '@antipode/contracts';
import { callUnary } from '@antipode/rpc';
import type { Browser } from './browser.js';
import { givenHouse, query, type GivenHouse } from './given-house.js';
import type { OpenAuth } from './open-auth.js';

const WORKSPACE = 'acme';
const CALL = { timeoutMs: 30_000 };

let house: GivenHouse;
let auth: OpenAuth & { readonly databaseUrl: string };
/** The same database, Redis and primary, with other rules. */
let strict: OpenAuth & { readonly databaseUrl: string };

beforeAll(async () => {
  house = await givenHouse();
  auth = await house.open({ KEY_READ_SECONDS: '3000' });
  strict = await house.open({
    DATABASE_URL: auth.databaseUrl,
    KEY_READ_SECONDS: '3000',
    FAILURE_LIMIT: '3',
    OUTAGE_POLICY: 'serve:60',
  });
}, 120_000);

beforeEach(() => house.forget());

afterEach(async () => {
  await house.sim.control.heal();
  await query(auth.databaseUrl, 'DELETE FROM account');
});

afterAll(async () => {
  await strict[Symbol.asyncDispose]();
  await auth[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

const idOf = (role: string): string => house.person(role).uuid.slice(1, -1);
const session = (browser: Browser | string): proto.PersonProof => {
  const value = typeof browser === 'string' ? browser : (browser.cookie.split('=')[1] ?? '');
  return { proof: { $case: 'session', value } };
};
const header = (value: string): proto.PersonProof => ({ proof: { $case: 'authorization', value } });
const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
const apiToken = (role: string): proto.PersonProof =>
  header(basic(house.person(role).email, house.person(role).apiToken));

const identify = (
  proof: proto.PersonProof | undefined,
  { workspace = WORKSPACE, at = auth, from = '192.0.2.1' } = {},
) => callUnary(at.client, 'identifyPerson', { proof, workspace, clientAddress: from }, CALL);
const workspaces = async (proof: proto.PersonProof) =>
  (await callUnary(auth.client, 'listWorkspaces', { proof, clientAddress: '192.0.2.1' }, CALL)).workspaces;
const readable = async (proof: proto.PersonProof, workspace = WORKSPACE) =>
  (await callUnary(auth.client, 'listReadable', { proof, workspace, clientAddress: '192.0.2.1' }, CALL))
    .repositoryIds;
const lend = (accountId: string, refused = '', preview = false) =>
  callUnary(auth.client, 'getAccountToken', { accountId, refused, preview }, CALL);

/** Questions about people that the primary heard since the last reset; auth also reads keys, whenever it is time. */
async function questions(): Promise<number> {
  const { rest } = await house.sim.control.counters();
  return Object.entries(rest.routes)
    .filter(([route]) => /^GET \/user(\/workspaces|$)|^fault$/.test(route))
    .reduce((sum, [, { requests }]) => sum + requests, 0);
}

const ROLES = {
  owner: proto.WorkspaceRole.WORKSPACE_ROLE_ADMINISTRATOR,
  writer: proto.WorkspaceRole.WORKSPACE_ROLE_MEMBER,
  reader: proto.WorkspaceRole.WORKSPACE_ROLE_MEMBER,
  stranger: proto.WorkspaceRole.WORKSPACE_ROLE_STRANGER,
};

describe('a person', () => {
  it.each(Object.entries(ROLES))('is known by a session and by an API token: %s', async (role, expected) => {
    const person = { personId: idOf(role), displayName: house.person(role).displayName, role: expected };
    const browser = await house.link(auth, role);
    expect(await identify(session(browser))).toMatchObject(person);
    expect(await identify(apiToken(role))).toMatchObject(person);
    expect(await identify(session(browser), { workspace: 'nobody-here' })).toMatchObject({ role: 1 });
    expect(await identify(apiToken(role), { workspace: '' })).toMatchObject({ ...person, role: 1 });
  });

  it('has workspaces, and repositories that they may read', async () => {
    const browser = await house.link(auth, 'reader');
    await house.sim.control.control('POST', '/workspaces', { slug: 'ritas-own', owner: 'rita' });
    for (const proof of [session(browser), apiToken('reader')]) {
      expect(await workspaces(proof)).toEqual([
        { slug: WORKSPACE, role: proto.WorkspaceRole.WORKSPACE_ROLE_MEMBER },
        { slug: 'ritas-own', role: proto.WorkspaceRole.WORKSPACE_ROLE_ADMINISTRATOR },
      ]);
      const ids = await readable(proof);
      const named = house.sim.state.repositories.filter(({ uuid }) => ids.includes(uuid.slice(1, -1)));
      expect([...new Set(named.map(({ project }) => project))]).toEqual(['WEB']);
    }
    expect(await readable(apiToken('stranger'))).toEqual([]);
  });

  it('is asked about once, however many ask, and remembered by a name that tells nothing', async () => {
    const browser = await house.link(auth, 'writer');
    await house.sim.control.resetCounters();
    const proofs = [session(browser), apiToken('writer')];
    await Promise.all(proofs.flatMap((proof) => Array.from({ length: 10 }, () => identify(proof))));
    for (const proof of proofs) await identify(proof);
    // The session's role; whose the API token is, and their role.
    expect(await questions()).toBe(3);
    const redis = new Redis(house.redis.url);
    const names = await redis.keys('*');
    const everything = [...names, ...(await redis.mget(names.filter((name) => name.includes('person:'))))];
    redis.disconnect();
    expect(everything.filter((text) => text?.includes('person:'))).toHaveLength(3);
    const { apiToken: secret, email } = house.person('writer');
    for (const hidden of [secret, email, session(browser).proof?.value ?? '?'])
      expect(everything.join('\n') + auth.log()).not.toContain(hidden);
  });

  it('may use an answer about a session for no time, and others as long as it stands', async () => {
    const browser = await house.link(auth, 'writer');
    const { validUntilMs } = await identify(session(browser));
    expect(validUntilMs).toBeLessThanOrEqual(Date.now());
    expect((await identify(apiToken('writer'))).validUntilMs - Date.now()).toBeGreaterThan(50_000);
  });
});

describe('a session ends', () => {
  it('at once, where its owner signs out or unlinks, with whatever was remembered', async () => {
    const [out, other] = [await house.link(auth, 'owner'), await house.link(auth, 'owner')];
    const proofs = [out, other].map((browser) => session(browser));
    for (const proof of proofs) await identify(proof);
    await out.open('/-/link');
    await out.submit('/-/link/sign-out');
    await expect(identify(proofs[0])).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await identify(proofs[1])).toMatchObject({ role: ROLES.owner });
    await other.open('/-/link');
    await other.submit('/-/link/unlink');
    await expect(identify(proofs[1])).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(readable(proofs[1] as proto.PersonProof)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('where the primary takes the grant back, with a sentence, and lives again when it is linked again', async () => {
    const browser = await house.link(auth, 'owner');
    await house.sim.control.revokeGrants(house.person('owner').username);
    const gone = { code: 'unauthenticated', hint: expect.stringContaining('/-/link') };
    await expect(workspaces(session(browser))).rejects.toMatchObject(gone);
    // The link is known to be broken now: nobody is asked any more.
    await house.sim.control.resetCounters();
    for (const workspace of [WORKSPACE, ''])
      await expect(identify(session(browser), { workspace })).rejects.toMatchObject(gone);
    expect(await questions()).toBe(0);
    const again = await house.link(auth, 'owner');
    expect(await identify(session(again))).toMatchObject({ role: ROLES.owner });
    expect(await workspaces(session(again))).toHaveLength(1);
  });

  it('by itself, after its time', async () => {
    const browser = await house.link(auth, 'owner');
    await query(auth.databaseUrl, `UPDATE session SET ends_at = now() - interval '1 second'`);
    await expect(identify(session(browser))).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('nobody', () => {
  it('is whoever shows something else', async () => {
    await house.sim.control.resetCounters();
    for (const unknown of ['', 'x', 'A'.repeat(43)])
      await expect(identify(session(unknown))).rejects.toMatchObject({ code: 'unauthenticated' });
    for (const broken of [undefined, {}, session('x'.repeat(9000))])
      await expect(identify(broken as proto.PersonProof)).rejects.toMatchObject({ code: 'invalid' });
    for (const other of [`Bearer ${house.sim.state.mirrorToken}`, basic('x-token-auth', 'a')])
      await expect(identify(header(other))).rejects.toMatchObject({
        code: 'denied',
        hint: expect.stringContaining('API token'),
      });
    expect(await questions()).toBe(0);
    await expect(identify(apiToken('owner'), { workspace: '../user' })).rejects.toMatchObject({
      code: 'invalid',
    });
  });

  it('is whoever has a token that was taken back, whatever it was told before', async () => {
    const { username, email } = house.person('owner');
    const scopes = ['read:user:bitbucket', 'read:workspace:bitbucket'];
    const order = { kind: 'api', user: username, scopes };
    const { id, secret } = await house.sim.control.control<{ id: string; secret: string }>(
      'POST',
      '/tokens',
      order,
    );
    const proof = header(basic(email, secret));
    expect(await identify(proof)).toMatchObject({ role: ROLES.owner });
    await house.sim.control.control('DELETE', `/tokens/${id}`);
    // Remembered, until a question that was not asked before finds out.
    expect(await identify(proof)).toMatchObject({ role: ROLES.owner });
    await expect(workspaces(proof)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(identify(proof)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is told which scope their token lacks', async () => {
    const { username, email } = house.person('owner');
    const order = { kind: 'api', user: username, scopes: ['read:user:bitbucket'] };
    const { secret } = await house.sim.control.control<{ secret: string }>('POST', '/tokens', order);
    await expect(identify(header(basic(email, secret)))).rejects.toMatchObject({
      code: 'denied',
      hint: expect.stringContaining('read:workspace:bitbucket'),
    });
  });

  it('guesses more than a few times', async () => {
    const guess = (i: number) =>
      identify(header(basic(house.person('owner').email, `guess-${i}`)), {
        at: strict,
        from: '198.51.100.1',
      });
    await identify(apiToken('reader'), { at: strict, from: '198.51.100.1' });
    for (let i = 0; i < 3; i += 1) await expect(guess(i)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(guess(3)).rejects.toMatchObject({ code: 'too_many_failures' });
    // What is remembered is answered; another address is not their business.
    await expect(guess(2)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await identify(apiToken('reader'), { at: strict, from: '198.51.100.1' })).toMatchObject({
      role: 2,
    });
    expect(await identify(apiToken('writer'), { at: strict, from: '198.51.100.2' })).toMatchObject({
      role: 2,
    });
  });
});

describe('while the primary is away', () => {
  it('only what the policy lets stand is known', async () => {
    const asked = (at: typeof auth) => identify(apiToken('owner'), { at });
    await asked(strict);
    // As if the answer had ended: only its age counts then.
    const redis = new Redis(house.redis.url);
    for (const name of await redis.keys('antipode:auth:person:*')) {
      const answer = JSON.parse((await redis.get(name)) ?? '{}') as object;
      await redis.set(name, JSON.stringify({ ...answer, validUntil: Date.now() - 1 }));
    }
    redis.disconnect();
    await house.sim.control.faults({ fail: [{ class: 'rest', status: 503 }] });
    expect(await asked(strict)).toMatchObject({ role: ROLES.owner });
    await expect(asked(auth)).rejects.toMatchObject({ code: 'primary_unavailable' });
  });
});

describe('the list of what somebody may read', () => {
  it('stands longer than their role, and on while the primary says that it was asked too much', async () => {
    const ask = () =>
      callUnary(
        auth.client,
        'listReadable',
        { proof: apiToken('reader'), workspace: WORKSPACE, clientAddress: '192.0.2.1' },
        CALL,
      );
    const first = await ask();
    expect(first.validUntilMs - Date.now()).toBeGreaterThan(500_000);
    expect((await identify(apiToken('reader'))).validUntilMs - Date.now()).toBeLessThan(61_000);
    const redis = new Redis(house.redis.url);
    for (const name of await redis.keys('antipode:auth:person:* readable *')) {
      const answer = JSON.parse((await redis.get(name)) ?? '{}') as object;
      await redis.set(name, JSON.stringify({ ...answer, validUntil: Date.now() - 1 }));
    }
    redis.disconnect();
    await house.sim.control.faults({ fail: [{ class: 'rest', status: 429 }] });
    const limited = await ask();
    expect(limited.repositoryIds).toEqual(first.repositoryIds);
    expect(limited.validUntilMs - Date.now()).toBeLessThan(10_000);
    await house.sim.control.faults({ fail: [{ class: 'rest', status: 503 }] });
    await expect(ask()).rejects.toMatchObject({ code: 'primary_unavailable' });
  });
});

describe('the token of a linked account', () => {
  const user = async (token: string): Promise<number> =>
    (await fetch(`${house.sim.api}/user`, { headers: { authorization: `Bearer ${token}` } })).status;

  it('is lent to the connection, and another one where the primary has refused the first', async () => {
    await house.link(auth, 'owner');
    const first = await lend(idOf('owner'));
    expect(first.displayName).toBe(house.person('owner').displayName);
    expect(await user(first.accessToken)).toBe(200);
    expect((await lend(idOf('owner'))).accessToken).toBe(first.accessToken);
    const [second, third] = await Promise.all([
      lend(idOf('owner'), first.accessToken),
      lend(idOf('owner'), first.accessToken),
    ]);
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(third).toEqual(second);
    // Refused long ago: the one that we have now is another.
    expect(await lend(idOf('owner'), first.accessToken)).toEqual(second);
    expect(await user(second.accessToken)).toBe(200);
    expect(auth.log()).not.toContain(first.accessToken);
  });

  it('has its owner warned before they unlink, and says what to do when they have', async () => {
    const browser = await house.link(auth, 'owner');
    // Whoever looks what would be possible has lent nothing.
    await lend(idOf('owner'), '', true);
    expect((await browser.open('/-/link')).text).not.toContain('is connected with your account');
    await lend(idOf('owner'));
    expect((await browser.open('/-/link')).text).toContain('is connected with your account');
    await browser.submit('/-/link/unlink');
    const gone = { code: 'unauthenticated', hint: expect.stringContaining('connect again') };
    await expect(lend(idOf('owner'))).rejects.toMatchObject(gone);
    await house.link(auth, 'owner');
    const { accessToken } = await lend(idOf('owner'));
    await house.sim.control.revokeGrants(house.person('owner').username);
    await expect(lend(idOf('owner'), accessToken)).rejects.toMatchObject(gone);
    await expect(lend('{}')).rejects.toMatchObject({ code: 'invalid' });
  });
});
