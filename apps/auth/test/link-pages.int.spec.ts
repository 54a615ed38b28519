import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Browser } from './browser.js';
import { givenHouse, query, type GivenHouse } from './given-house.js';
import { openAuth, type OpenAuth } from './open-auth.js';
import { fingerprint, newPublicKey } from './ssh-keys.js';

let house: GivenHouse;
let auth: OpenAuth & { readonly databaseUrl: string };

beforeAll(async () => {
  house = await givenHouse();
  auth = await house.open({ KEY_READ_SECONDS: '3000' });
}, 120_000);

beforeEach(() => house.forget());

afterEach(async () => {
  await house.sim.control.changeConsumer({ scopes: house.sim.state.oauth.scopes });
  await query(auth.databaseUrl, 'DELETE FROM account');
});

afterAll(async () => {
  await auth[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

/** Sets out to link, and comes back from the primary: the path of the callback. */
async function cameBack(
  browser: Browser,
  {
    role = 'reader',
    decision = 'allow',
    page = '/-/link',
  }: { role?: string; decision?: 'allow' | 'deny'; page?: string } = {},
): Promise<string> {
  await browser.post('/-/link/sign-out', { csrf: await csrfOf(browser) });
  await browser.open(page);
  const { location } = await browser.submit('/-/link');
  const back = new URL(
    await house.sim.control.authorizeAs(house.person(role).username, location ?? '', decision),
  );
  return back.pathname + back.search;
}

/** The token of the forms on the page that this browser is shown. */
async function csrfOf(browser: Browser): Promise<string> {
  const { text } = await browser.open('/-/link');
  return /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
}

describe('the link page', () => {
  it('says what is granted, and leads to the primary and back to what it knows now', async () => {
    const publicKey = newPublicKey();
    await house.sim.control.addSshKey(house.person('reader').username, publicKey);
    const browser = new Browser(auth.web);
    const welcome = await browser.open('/-/link');
    expect(welcome.text).toMatch(/reads the name of your account and your public SSH keys/);
    const out = await browser.submit('/-/link');
    expect(out).toMatchObject({ status: 302, text: '' });
    const target = new URL(out.location ?? '');
    expect(target.searchParams.get('redirect_uri')).toBe('http://mirror.example:7990/-/link/callback');
    expect(target.searchParams.has('code_challenge')).toBe(false);
    const back = new URL(await house.sim.control.authorizeAs(house.person('reader').username, target.href));
    expect(await browser.open(back.pathname + back.search)).toMatchObject({
      status: 303,
      location: '/-/link',
    });
    const { text } = await browser.open('/-/link');
    expect(text).toContain(`<h1>${house.person('reader').displayName}</h1>`);
    expect(text.replaceAll('&#43;', '+')).toContain(`SHA256:${fingerprint(publicKey)}`);
    expect(text).toMatch(/Known here since.*<time datetime="20.*Last read\s+<time/s);
  });

  it('is safe by its headers, loads nothing, and is kept nowhere', async () => {
    for (const path of ['/-/link', '/-/link/', '/-/link/callback', '/-/link/nothing']) {
      const { headers, text } = await new Browser(auth.web).open(path);
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self' http:\/\/[^ ;]+; frame-ancestors 'none'; base-uri 'none'$/,
      );
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(text).not.toMatch(
        /<style|style=|<script(?! type="module" src="\/-\/assets\/)|url\(|@import|https?:\/\//i,
      );
    }
  });

  it('gives a cookie that scripts and other sites do not get, and never the same to two', async () => {
    const given = async (from: OpenAuth): Promise<string> =>
      (await new Browser(from.web).open('/-/link')).headers.getSetCookie()[0] ?? '';
    const [one, two] = [await given(auth), await given(auth)];
    expect(one).toMatch(/^antipode=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(one).not.toBe(two);
    await using secure = await house.open({ PUBLIC_URL: 'https://mirror.example', MIRROR_NAME: 'Sydney' });
    expect(await given(secure)).toMatch(/^__Host-antipode=.*; Path=\/; .*; Secure$/);
    expect((await new Browser(secure.web).open('/-/link/nothing')).text).toContain('· Sydney</title>');
  });

  it('does not name anybody’s account to a browser that took a cookie from before the sign-in', async () => {
    const browser = new Browser(auth.web);
    const path = await cameBack(browser);
    const before = browser.cookie;
    await browser.open(path);
    expect(browser.cookie).not.toBe(before);
    const thief = await fetch(`${auth.web}/-/link`, { headers: { cookie: before } });
    expect(await thief.text()).not.toContain(house.person('reader').displayName);
    expect(await query(auth.databaseUrl, 'SELECT id_hash FROM session')).toEqual([
      { id_hash: expect.not.stringContaining(browser.cookie.split('=')[1] ?? '?') },
    ]);
  });

  it('takes no form that another site made the browser send', async () => {
    const browser = new Browser(auth.web);
    await browser.open('/-/link');
    expect((await browser.post('/-/link', {})).status).toBe(400);
    expect((await browser.post('/-/link', { csrf: 'A'.repeat(43) })).status).toBe(400);
    await browser.open('/-/link');
    expect((await browser.submit('/-/link', { 'sec-fetch-site': 'cross-site' })).status).toBe(400);
    await browser.open('/-/link');
    expect((await browser.submit('/-/link', { origin: 'https://evil.example' })).status).toBe(400);
    await browser.open('/-/link');
    expect((await browser.submit('/-/link', { origin: 'http://mirror.example:7990' })).status).toBe(302);
    expect((await browser.post('/-/link', { csrf: 'A'.repeat(70_000) })).status).toBe(413);
    for (const origin of ['https://evil.example', 'null']) {
      await browser.open('/-/link');
      expect((await browser.submit('/-/link', { origin })).status).toBe(400);
    }
    await browser.open('/-/link');
    expect((await browser.submit('/-/link', { origin: 'http://mirror.example:7990' })).status).toBe(302);
    // The token of one browser is none in another.
    const other = new Browser(auth.web);
    const { text } = await other.open('/-/link');
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(text) ?? [];
    expect((await browser.post('/-/link', { csrf })).status).toBe(400);
    expect((await other.post('/-/link', { csrf })).status).toBe(302);
  });

  it('takes a way back only from the browser that set out, and only once', async () => {
    const [browser, victim] = [new Browser(auth.web), new Browser(auth.web)];
    const path = await cameBack(browser);
    await victim.open('/-/link');
    expect(await victim.open(path)).toMatchObject({
      status: 400,
      text: expect.stringContaining('was not begun here'),
    });
    expect(await new Browser(auth.web).open(path)).toMatchObject({ status: 400 });
    expect(await browser.open(path)).toMatchObject({ status: 303 });
    expect(await browser.open(path)).toMatchObject({ status: 400 });
    for (const stray of ['', '?state=guessed&code=x', '?code=x']) {
      expect(await browser.open(`/-/link/callback${stray}`)).toMatchObject({ status: 400 });
    }
  });

  it('leads nowhere but to the primary, to itself, and to the page that sent us', async () => {
    const browser = new Browser(auth.web);
    const evil = 'next=https://evil.example&redirect_uri=https://evil.example&return=/-/evil';
    expect((await browser.open(`${await cameBack(browser)}&${evil}`)).location).toBe('/-/link');
    expect(
      (await browser.open(await cameBack(browser, { page: '/-/link?return=/-/connect' }))).location,
    ).toBe('/-/connect');
    expect((await browser.open('/-/link?return=/-/connect')).text).toContain('<a href="/-/connect">');
    for (const page of ['/-/link?return=//evil.example', '/-/link?return=https://evil.example/-/']) {
      expect((await browser.open(await cameBack(browser, { page }))).location).toBe('/-/link');
    }
    const csrf = await csrfOf(browser);
    const out = await browser.post('/-/link', { csrf, return: '/-//evil.example' });
    const back = new URL(
      await house.sim.control.authorizeAs(house.person('reader').username, out.location ?? ''),
    );
    expect((await browser.open(back.pathname + back.search)).location).toBe('/-/link');
  });
});

describe('signing out', () => {
  it('ends the session and keeps the link, and the cookie is worth nothing any more', async () => {
    const browser = await house.link(auth, 'reader');
    const name = house.person('reader').displayName;
    expect((await browser.open('/-/link')).text).toContain(name);
    const before = browser.cookie;
    expect(await browser.submit('/-/link/sign-out')).toMatchObject({ status: 303, location: '/-/link' });
    expect(browser.cookie).not.toBe(before);
    for (const cookie of [before, browser.cookie]) {
      const shown = await fetch(`${auth.web}/-/link`, { headers: { cookie } });
      expect(await shown.text()).not.toContain(name);
    }
    expect(await query(auth.databaseUrl, 'SELECT state FROM account')).toEqual([{ state: 'linked' }]);
    expect(await query(auth.databaseUrl, 'SELECT id_hash FROM session')).toEqual([]);
  });

  it('is nothing that another site can do', async () => {
    const browser = await house.link(auth, 'reader');
    expect((await browser.post('/-/link/sign-out', {})).status).toBe(400);
    await browser.open('/-/link');
    expect((await browser.submit('/-/link/sign-out', { 'sec-fetch-site': 'same-site' })).status).toBe(400);
    expect((await browser.open('/-/link/sign-out')).status).toBe(405);
    expect((await browser.open('/-/link')).text).toContain(house.person('reader').displayName);
  });

  it('is done to the session before by signing in again', async () => {
    const browser = await house.link(auth, 'reader');
    const before = browser.cookie;
    // Signed in or not, whoever has the form may set out.
    const { text } = await new Browser(auth.web).open('/-/link');
    expect(text).not.toContain('sign-out');
    const csrf = await csrfOf(browser);
    const out = await browser.post('/-/link', { csrf });
    const back = new URL(
      await house.sim.control.authorizeAs(house.person('writer').username, out.location ?? ''),
    );
    await browser.open(back.pathname + back.search);
    const old = await fetch(`${auth.web}/-/link`, { headers: { cookie: before } });
    expect(await old.text()).not.toContain(house.person('reader').displayName);
    expect((await browser.open('/-/link')).text).toContain(house.person('writer').displayName);
    expect(await query(auth.databaseUrl, 'SELECT id_hash FROM session')).toHaveLength(1);
  });
});

describe('linking that does not come about', () => {
  it('is told who declined', async () => {
    const browser = new Browser(auth.web);
    const { status, text } = await browser.open(await cameBack(browser, { decision: 'deny' }));
    expect([status, text]).toEqual([200, expect.stringContaining('You did not agree')]);
    expect(await query(auth.databaseUrl, 'SELECT id FROM account')).toEqual([]);
  });

  it('is told which permission the consumer lacks', async () => {
    await house.sim.control.changeConsumer({ scopes: ['repository'] });
    const browser = new Browser(auth.web);
    const { text } = await browser.open(await cameBack(browser));
    expect(text).toMatch(/lacks: reading accounts/);
    await house.sim.control.changeConsumer({ scopes: ['account', 'repository'] });
    await browser.open(await cameBack(browser));
    expect((await browser.open('/-/link')).text).toMatch(/permission is for reading only/);
  });

  it('is told that the primary does not answer, and the next attempt is another', async () => {
    const browser = new Browser(auth.web);
    const path = await cameBack(browser);
    house.way.lose(1);
    expect(await browser.open(path)).toMatchObject({
      status: 502,
      text: expect.stringContaining('try again'),
    });
    expect(await browser.open(await cameBack(browser))).toMatchObject({ status: 303 });
  });

  it('is told at once where linking is off, by an auth that needs nothing for it', async () => {
    await using plain = await openAuth({ REDIS_URL: house.redis.url });
    const { status, text } = await new Browser(plain.web).open('/-/link');
    expect([status, text]).toEqual([200, expect.stringContaining('cannot be linked here')]);
    expect(await plain.identify(newPublicKey())).toEqual({ holder: undefined, displayName: '' });
    expect(await plain.health.report()).toMatchObject({ ok: true });
  });

  it('is limited by address', async () => {
    await using few = await house.open({ LINK_PAGE_LIMIT: '3' });
    const from = { 'x-forwarded-for': '198.51.100.7' };
    const statuses = [];
    for (let count = 0; count < 4; count += 1)
      statuses.push((await new Browser(few.web).open('/-/link', from)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect((await new Browser(few.web).open('/-/link', { 'x-forwarded-for': '198.51.100.8' })).status).toBe(
      200,
    );
  });

  it('sends PKCE’s challenge where the settings say so, and its verifier after it', async () => {
    await using pkce = await house.open({ PRIMARY_OAUTH_PKCE: 'true' });
    const browser = new Browser(pkce.web);
    await browser.open('/-/link');
    const { location } = await browser.submit('/-/link');
    expect(new URL(location ?? '').searchParams.get('code_challenge_method')).toBe('S256');
    const back = new URL(
      await house.sim.control.authorizeAs(house.person('reader').username, location ?? ''),
    );
    expect(await browser.open(back.pathname + back.search)).toMatchObject({ status: 303 });
  });

  it('answers other methods and paths in words', async () => {
    const ask = async (method: string, path: string): Promise<number> =>
      (await fetch(`${auth.web}${path}`, { method, redirect: 'manual' })).status;
    expect(await ask('PUT', '/-/link')).toBe(405);
    expect(await ask('GET', '/-/link/unlink')).toBe(405);
    expect(await ask('GET', '/')).toBe(404);
    expect(await ask('GET', '//evil.example/-/link')).toBe(200);
    expect(await ask('HEAD', '/-/link')).toBe(200);
  });
});
