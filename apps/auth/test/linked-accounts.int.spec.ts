import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { auth as proto } from '@antipode/contracts';
import { callUnary } from '@antipode/rpc';
import { eventually } from '@antipode/testing';
import { AccountKeys } from '../src/accounts/account-keys.js';
import { AccountTokens } from '../src/accounts/account-tokens.js';
import { Browser } from './browser.js';
import { givenHouse, query, type GivenHouse } from './given-house.js';
import type { OpenAuth } from './open-auth.js';
import { newPublicKey } from './ssh-keys.js';

let house: GivenHouse;
/** The instance of most tests: nothing is read by itself. */
let auth: OpenAuth & { readonly databaseUrl: string };

beforeAll(async () => {
  house = await givenHouse();
  auth = await house.open({
    KEY_READ_SECONDS: '3000',
    VERDICT_SECONDS: '1',
    PRIMARY_TIMEOUT_SECONDS: '5',
    ACCESS_KEY_CALLS_PER_HOUR: '0',
  });
}, 120_000);

beforeEach(() => house.forget());

afterEach(async () => {
  house.way.lose(0);
  house.way.delay(0);
  await query(auth.databaseUrl, 'DELETE FROM account');
  await house.sim.control.heal();
  await house.sim.control.settings({ oauthTokenLifetimeSeconds: 7200, oauthRefreshGraceMs: 0 });
});

afterAll(async () => {
  await auth[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

const idOf = (role: string): string => house.person(role).uuid.slice(1, -1);
const holderOf = (role: string): proto.KeyHolder => ({ holder: { $case: 'accountId', value: idOf(role) } });
const may = (at: OpenAuth, role: string, path: string, right: 'read' | 'write' = 'read') =>
  at.outcome({ path: `acme/${path}`, right, holder: holderOf(role) });
const lend = (at: OpenAuth, role: string, path: string, right = proto.Right.RIGHT_READ) =>
  callUnary(
    at.client,
    'getRelayCredential',
    { repositoryPath: `acme/${path}`, right, keyHolder: holderOf(role), clientAddress: '192.0.2.1' },
    { timeoutMs: 30_000 },
  );

/** A key that the account had before it was linked. */
async function givenKey(role: string): Promise<{ publicKey: string; uuid: string }> {
  const publicKey = newPublicKey();
  const { uuid } = await house.sim.control.addSshKey(house.person(role).username, publicKey);
  return { publicKey, uuid };
}

describe('a linked account', () => {
  it('is known by its keys, and may what the primary lets it', async () => {
    const { publicKey } = await givenKey('reader');
    expect((await auth.identify(publicKey)).holder).toBeUndefined();
    expect(await may(auth, 'reader', 'storefront')).toBe('denied');
    await house.link(auth, 'reader');
    await house.forget();

    expect(await auth.identify(publicKey)).toEqual({
      holder: holderOf('reader'),
      displayName: house.person('reader').displayName,
    });
    expect(await may(auth, 'reader', 'storefront')).toBe('allowed');
    expect(await may(auth, 'reader', 'storefront', 'write')).toBe('not_found');
    expect(await may(auth, 'reader', 'pipelines')).toBe('not_found');
    const { principal } = await auth.ask({ path: 'acme/storefront', holder: holderOf('reader') });
    expect(principal).not.toContain(idOf('reader').slice(0, 8));
  });

  it('lends its own credential for one request, and only for what it may', async () => {
    await house.link(auth, 'writer');
    const { authorization } = await lend(auth, 'writer', 'storefront', proto.Right.RIGHT_WRITE);
    const url = `${house.sim.url}/acme/storefront.git/info/refs?service=git-receive-pack`;
    expect((await fetch(url, { headers: { authorization } })).status).toBe(200);
    await expect(lend(auth, 'writer', 'none')).rejects.toMatchObject({ code: 'not_found' });
    await expect(lend(auth, 'owner', 'storefront')).rejects.toMatchObject({ code: 'denied' });
  });

  it('opens nothing for a stranger, whoever has linked', async () => {
    await house.link(auth, 'stranger');
    expect(await may(auth, 'stranger', 'storefront')).toBe('not_found');
    expect(await may(auth, 'stranger', 'handbook')).toBe('allowed');
  });

  it('leaves no secret in the table or in the log', async () => {
    await house.link(auth, 'reader');
    const { authorization } = await lend(auth, 'reader', 'storefront');
    const token = Buffer.from(authorization.slice('Basic '.length), 'base64').toString().split(':')[1] ?? '';
    expect(token.length).toBeGreaterThan(10);
    const [row] = await query<{ all: string }>(auth.databaseUrl, 'SELECT account::text AS all FROM account');
    expect(
      Buffer.from((row?.all ?? '').replaceAll(/[^0-9a-f]/g, ''), 'hex').toString('latin1'),
    ).not.toContain(token);
    expect(row?.all).not.toContain(Buffer.from(token).toString('hex'));
    expect(auth.log()).not.toContain(token);
  });
});

describe('the keys of an account', () => {
  it('come and go with the primary’s list, within the time of a reading', async () => {
    await using auth = await house.open({ KEY_READ_SECONDS: '0.3' });
    const old = await givenKey('writer');
    await house.link(auth, 'writer');
    const later = await givenKey('writer');
    await eventually(async () => (await auth.identify(later.publicKey)).holder);
    await house.sim.control.removeSshKey(house.person('writer').username, old.uuid);
    await eventually(async () => !(await auth.identify(old.publicKey)).holder);
    expect((await auth.identify(later.publicKey)).holder).toEqual(holderOf('writer'));
  });

  it('are looked at when somebody comes with one, where the reading is overdue', async () => {
    const key = await givenKey('writer');
    await house.link(auth, 'writer');
    await house.sim.control.removeSshKey(house.person('writer').username, key.uuid);
    expect((await auth.identify(key.publicKey)).holder).toEqual(holderOf('writer'));
    await query(auth.databaseUrl, `UPDATE account SET keys_read_at = now() - interval '2 hours'`);
    expect((await auth.identify(key.publicKey)).holder).toBeUndefined();
  });

  it('are not taken any more once nobody could look at them for too long', async () => {
    await using auth = await house.open({ KEY_READ_SECONDS: '100', KEY_STALE_SECONDS: '600' });
    const key = await givenKey('writer');
    await house.link(auth, 'writer');
    const failing = (status: number, during: () => Promise<void>): Promise<void> =>
      house.sim.control.withFaults({ fail: [{ class: 'rest', path: 'ssh-keys', status }] }, during);
    const age = (seconds: number): Promise<unknown> =>
      query(auth.databaseUrl, `UPDATE account SET keys_read_at = now() - interval '${seconds} seconds'`);
    await failing(400, async () => {
      await age(300);
      expect((await auth.identify(key.publicKey)).holder).toEqual(holderOf('writer'));
      await age(700);
      expect((await auth.identify(key.publicKey)).holder).toBeUndefined();
    });
    await failing(500, async () => {
      await expect(auth.identify(key.publicKey)).rejects.toMatchObject({ code: 'primary_unavailable' });
    });
    await eventually(async () => (await auth.identify(key.publicKey)).holder);
  });

  it('expire when the primary says so', async () => {
    const publicKey = newPublicKey();
    const expiresOn = new Date(Date.now() + 3_600_000).toISOString();
    await house.sim.control.addSshKey(house.person('writer').username, publicKey, { expiresOn });
    await house.link(auth, 'writer');
    expect((await auth.identify(publicKey)).holder).toEqual(holderOf('writer'));
    await query(
      auth.databaseUrl,
      `UPDATE account_key SET expires_on = now() - interval '1 second' WHERE expires_on IS NOT NULL`,
    );
    expect((await auth.identify(publicKey)).holder).toBeUndefined();
  });

  it('belong to whose list showed them last, also where an older list comes late', async () => {
    const key = await givenKey('writer');
    await house.link(auth, 'writer');
    await house.sim.control.removeSshKey(house.person('writer').username, key.uuid);
    await house.sim.control.addSshKey(house.person('reader').username, key.publicKey);
    await house.link(auth, 'reader');
    expect((await auth.identify(key.publicKey)).holder).toEqual(holderOf('reader'));
    await auth.part(AccountKeys).read(idOf('writer'));
    expect((await auth.identify(key.publicKey)).holder).toEqual(holderOf('reader'));
  });

  it('that nobody has cost the primary nothing, and are limited by address', async () => {
    await using auth = await house.open({ UNKNOWN_KEY_LIMIT: '5' });
    await house.sim.control.resetCounters();
    for (let count = 0; count < 5; count += 1)
      expect((await auth.identify(newPublicKey(), '198.51.100.1')).holder).toBeUndefined();
    await expect(auth.identify(newPublicKey(), '198.51.100.1')).rejects.toMatchObject({
      code: 'too_many_failures',
    });
    expect((await auth.identify(newPublicKey(), '198.51.100.2')).holder).toBeUndefined();
    const { publicKey } = await givenKey('writer');
    await house.link(auth, 'writer');
    expect((await auth.identify(publicKey, '198.51.100.1')).holder).toEqual(holderOf('writer'));
    const { rest } = await house.sim.control.counters();
    expect(Object.values(rest.statuses).reduce((sum, count) => sum + count, 0)).toBeLessThan(10);
  });
});

describe('the tokens of an account', () => {
  const grants = async (): Promise<number> =>
    (await house.sim.control.counters()).oauth.grants['refresh_token']?.requests ?? 0;
  const expire = (auth: { databaseUrl: string }): Promise<unknown> =>
    query(auth.databaseUrl, 'UPDATE account SET access_expires_at = now()');
  const use = (auth: OpenAuth): Promise<string> => auth.part(AccountTokens).use(idOf('reader'));

  it('are renewed once, however many need them, on however many instances', async () => {
    const one = auth;
    await using two = await house.open({ KEY_READ_SECONDS: '3000', DATABASE_URL: one.databaseUrl });
    await house.link(one, 'reader');
    await expire(one);
    await house.sim.control.resetCounters();
    const tokens = await Promise.all([one, two, one, two, one, two].map(use));
    expect(new Set(tokens).size).toBe(1);
    expect(await grants()).toBe(1);
    // And the one that is kept now is the one that the primary takes.
    await expire(one);
    expect(await use(two)).not.toBe(tokens[0]);
    expect(await may(two, 'reader', 'storefront')).toBe('allowed');
  });

  it('survive an answer that gets lost, while the primary still takes the old one', async () => {
    await house.link(auth, 'reader');
    await expire(auth);
    await house.sim.control.settings({ oauthRefreshGraceMs: 10_000 });
    house.way.lose(1);
    await use(auth);
    expect(await may(auth, 'reader', 'storefront')).toBe('allowed');
  });

  it('are lost with an answer where the primary does not, which is said clearly', async () => {
    const browser = await house.link(auth, 'reader');
    await expire(auth);
    house.way.lose(1);
    expect(await may(auth, 'reader', 'storefront')).toBe('denied');
    const refusal = auth.ask({ path: 'acme/storefront', holder: holderOf('reader') });
    await expect(refusal).rejects.toMatchObject({
      hint: expect.stringMatching(/no longer linked.*http:\/\/mirror\.example:7990\/-\/link/),
    });
    const { text } = await browser.open('/-/link');
    expect(text).toMatch(/was lost on its way.*link your account again/s);
    // Linking anew is all that it takes.
    await house.link(auth, 'reader');
    await house.forget();
    expect(await may(auth, 'reader', 'storefront')).toBe('allowed');
  });

  it('are taken from an answer that comes late, as long as it comes', async () => {
    await house.link(auth, 'reader');
    await expire(auth);
    house.way.delay(1500);
    expect(await may(auth, 'reader', 'storefront')).toBe('allowed');
  });

  it('are kept where they cannot be written down at once, and used only after that', async () => {
    await house.link(auth, 'reader');
    await expire(auth);
    await house.sim.control.resetCounters();
    house.way.delay(400);
    const renewing = use(auth).catch((error: { code: string }) => error.code);
    await eventually(async () => (await grants()) === 1);
    await house.postgres.stop('immediate');
    try {
      expect(await renewing).toBe('service_unavailable');
    } finally {
      await house.postgres.start();
    }
    await eventually(async () => (await may(auth, 'reader', 'storefront')) === 'allowed');
    expect(await grants()).toBe(1);
  });

  it('stay while the primary is away, and so does the link', async () => {
    await house.link(auth, 'reader');
    await expire(auth);
    await house.sim.control.withFaults({ down: 'unavailable' }, async () => {
      expect(await may(auth, 'reader', 'storefront')).toBe('primary_unavailable');
    });
    await house.forget();
    expect(await may(auth, 'reader', 'storefront')).toBe('allowed');
  });

  it('end with the grant: the door closes within the life of a verdict', async () => {
    await house.link(auth, 'reader');
    expect(await may(auth, 'reader', 'storefront')).toBe('allowed');
    await house.sim.control.revokeGrants(house.person('reader').username);
    await eventually(async () => (await may(auth, 'reader', 'storefront')) === 'denied');
    await expect(lend(auth, 'reader', 'storefront')).rejects.toMatchObject({ code: 'denied' });
  });

  it('do not end because the primary does not take the mirror’s own consumer', async () => {
    await house.link(auth, 'reader');
    await expire(auth);
    await using wrong = await house.open({
      KEY_READ_SECONDS: '3000',
      DATABASE_URL: auth.databaseUrl,
      PRIMARY_OAUTH_KEY: 'another-consumer',
    });
    expect(await may(wrong, 'reader', 'storefront')).toBe('not_connected');
    expect(await may(auth, 'reader', 'storefront')).toBe('allowed');
  });
});

describe('unlinking', () => {
  it('forgets everything, and ends what was allowed at once', async () => {
    const { publicKey } = await givenKey('reader');
    const browser = await house.link(auth, 'reader');
    expect(await may(auth, 'reader', 'storefront')).toBe('allowed');
    await browser.open('/-/link');
    expect((await browser.submit('/-/link/unlink')).text).toContain('unlinked');
    expect((await auth.identify(publicKey)).holder).toBeUndefined();
    expect(await may(auth, 'reader', 'storefront')).toBe('denied');
    expect(await query(auth.databaseUrl, 'SELECT id FROM account')).toEqual([]);
    expect(await query(auth.databaseUrl, 'SELECT id_hash FROM session')).toEqual([]);
    expect((await browser.open('/-/link')).text).toContain('Sign in, and link your account');
  });
});

describe('a database that is away', () => {
  it('is said, and does not keep credentials from being judged', async () => {
    const { publicKey } = await givenKey('reader');
    await house.link(auth, 'reader');
    await house.postgres.stop('immediate');
    try {
      await expect(auth.identify(publicKey)).rejects.toMatchObject({ code: 'service_unavailable' });
      expect(await may(auth, 'reader', 'checkout-api')).toBe('service_unavailable');
      const { username, apiToken } = house.person('reader');
      const authorization = `Basic ${Buffer.from(`${username}:${apiToken}`).toString('base64')}`;
      expect(await auth.outcome({ path: 'acme/storefront', authorization })).toBe('allowed');
      expect(await new Browser(auth.web).open('/-/link')).toMatchObject({ status: 200 });
      expect(await auth.health.report()).toMatchObject({
        ok: true,
        checks: { database: expect.not.stringMatching(/^ok$/) },
      });
    } finally {
      await house.postgres.start();
    }
    await eventually(async () => (await auth.identify(publicKey).catch(() => undefined))?.holder);
  });
});
