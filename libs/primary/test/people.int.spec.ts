import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createPrimary, primarySettings, type ConnectionCredential, type People } from '@antipode/primary';
import { basic, openBitbucket, type OpenBitbucket } from './open-bitbucket.js';

let host: OpenBitbucket;
let people: People;

beforeAll(async () => {
  host = await openBitbucket();
  if (!host.primary.people) throw new Error('Bitbucket knows people');
  people = host.primary.people;
}, 120_000);

afterEach(() => host.sim.control.heal());

afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const user = (role: string) => {
  const found = host.sim.state.users.find((one) => one.role === role);
  if (!found) throw new Error(`the sample has no ${role}`);
  return found;
};
const token = (role: string): ConnectionCredential => ({
  token: user(role).apiToken,
  email: user(role).email,
});
const idOf = (slug: string) =>
  host.sim.state.repositories.find((one) => one.slug === slug)?.uuid.slice(1, -1);

/** What OAuth gives for a person's yes. */
async function oauthToken(role: string): Promise<ConnectionCredential> {
  const { oauth } = host.primary;
  const redirectUri = 'http://127.0.0.1:1/callback';
  const url = oauth?.authorizeUrl({ state: 's', redirectUri }) ?? '';
  const back = new URL(await host.sim.control.authorizeAs(user(role).username, url));
  const grant = await oauth?.exchange({ code: back.searchParams.get('code') ?? '', redirectUri });
  return { token: grant?.accessToken ?? '' };
}

async function tokenWith(role: string, scopes: readonly string[]): Promise<ConnectionCredential> {
  const order = { kind: 'api', user: user(role).username, scopes };
  const { secret } = await host.sim.control.control<{ secret: string }>('POST', '/tokens', order);
  return { token: secret, email: user(role).email };
}

describe('people of Bitbucket Cloud', () => {
  it.each([
    ['owner', 'administrator'],
    ['writer', 'member'],
    ['reader', 'member'],
    ['stranger', 'stranger'],
  ])('tells who a %s is, by an API token and by OAuth, and that they are a %s', async (role, expected) => {
    const { uuid, displayName } = user(role);
    for (const credential of [token(role), await oauthToken(role)]) {
      expect(await people.identify(credential)).toEqual({ id: uuid.slice(1, -1), displayName });
      expect(await people.roleIn(credential, host.workspace)).toBe(expected);
      const id = host.sim.state.workspaces[0]?.uuid ?? '';
      expect(await people.roleIn(credential, id)).toBe(expected);
    }
    expect(await people.roleIn(token(role), 'nobody-here')).toBe('stranger');
  });

  it('lists the workspaces of a person, and where they are an administrator', async () => {
    const order = { slug: 'rita-and-friends', owner: 'rita' };
    await host.sim.control.control('POST', '/workspaces', order);
    expect(await people.workspaces(token('owner'))).toEqual([
      { slug: host.workspace, role: 'administrator' },
    ]);
    expect(await people.workspaces(await oauthToken('reader'))).toEqual([
      { slug: host.workspace, role: 'member' },
      { slug: 'rita-and-friends', role: 'administrator' },
    ]);
    expect(await people.workspaces(token('stranger'))).toEqual([]);
    expect(await people.readable(token('reader'), 'rita-and-friends')).toEqual([]);
  });

  it('lists what a person may read', async () => {
    const mine = await people.readable(token('reader'), host.workspace);
    const slugs = ['storefront', 'checkout-api', 'design-system', 'playground'];
    expect(mine).toEqual(expect.arrayContaining(slugs.map(idOf)));
    expect(mine).not.toContain(idOf('warehouse'));
    expect((await people.readable(token('owner'), host.workspace)).length).toBe(
      host.sim.state.repositories.length,
    );
    expect(await people.readable(token('stranger'), host.workspace)).toEqual([]);
  });

  it('takes no access token for a person', async () => {
    const mirror = { token: host.sim.state.mirrorToken };
    // It has no scope `account`; one that has it is no person either.
    await expect(people.identify(mirror)).rejects.toMatchObject({ code: 'denied' });
    const order = { kind: 'workspace', scopes: ['account', 'repository'] };
    const { secret } = await host.sim.control.control<{ secret: string }>('POST', '/tokens', order);
    await expect(people.identify({ token: secret })).rejects.toMatchObject({
      code: 'denied',
      hint: expect.stringContaining("no person's"),
    });
    expect(await people.roleIn({ token: secret }, host.workspace)).toBe('stranger');
  });

  it('says which scope is missing, and does not take its owner for a stranger', async () => {
    const blind = await tokenWith('owner', ['read:repository:bitbucket']);
    const denied = { code: 'denied', hint: expect.stringContaining('read:workspace:bitbucket') };
    await expect(people.roleIn(blind, host.workspace)).rejects.toMatchObject(denied);
    await expect(people.workspaces(blind)).rejects.toMatchObject(denied);
    await expect(people.identify(blind)).rejects.toMatchObject({ code: 'denied' });
    const idle = await tokenWith('owner', ['read:workspace:bitbucket']);
    await expect(people.readable(idle, host.workspace)).rejects.toMatchObject({ code: 'denied' });
  });

  it('knows nobody by a wrong credential', async () => {
    for (const wrong of [{ token: 'wrong' }, { ...token('owner'), token: 'wrong' }]) {
      await expect(people.identify(wrong)).rejects.toMatchObject({ code: 'unauthenticated' });
      await expect(people.roleIn(wrong, host.workspace)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    await expect(people.roleIn(token('owner'), '../../user')).rejects.toMatchObject({ code: 'invalid' });
  });

  it('is told when the primary is away or has had enough, before whoever waits has gone', async () => {
    await host.sim.control.faults({ fail: [{ class: 'rest', status: 429, retryAfterSeconds: 30 }] });
    const asked = Date.now();
    await expect(people.identify(token('owner'))).rejects.toMatchObject({ code: 'primary_limited' });
    expect(Date.now() - asked).toBeLessThan(1500);
  });
});

describe('a primary that answers nonsense about people', () => {
  const ask = async <T>(listener: RequestListener, question: (people: People) => Promise<T>): Promise<T> => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const primary = createPrimary(
      z.object(primarySettings).parse({ PRIMARY_GIT_URL: url, PRIMARY_API_URL: `${url}/2.0` }),
    );
    try {
      return await question(primary.people as People);
    } finally {
      await primary.close();
      server.closeAllConnections();
      server.close();
    }
  };
  const json =
    (body: unknown): RequestListener =>
    (_, response) =>
      void response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  const anybody = { token: 't' };
  const misbehaved = { code: 'primary_misbehaved' };

  it('is not believed', async () => {
    await expect(ask(json({}), (it) => it.identify(anybody))).rejects.toMatchObject(misbehaved);
    await expect(ask(json({ uuid: '../x' }), (it) => it.identify(anybody))).rejects.toMatchObject(misbehaved);
    await expect(ask(json([]), (it) => it.roleIn(anybody, 'w'))).rejects.toMatchObject(misbehaved);
    await expect(ask(json({ values: 3 }), (it) => it.workspaces(anybody))).rejects.toMatchObject(misbehaved);
    await expect(
      ask(
        (_, response) => void response.end('<html>'),
        (it) => it.identify(anybody),
      ),
    ).rejects.toMatchObject(misbehaved);
    // Neither an administrator by silence, nor by a word that we do not know.
    expect(await ask(json({}), (it) => it.roleIn(anybody, 'w'))).toBe('member');
    expect(await ask(json({ permission: 'emperor' }), (it) => it.roleIn(anybody, 'w'))).toBe('member');
    const odd = { values: [{ administrator: 'yes', workspace: { slug: 'a' } }] };
    await expect(ask(json(odd), (it) => it.workspaces(anybody))).rejects.toMatchObject(misbehaved);
  });

  it('fills no memory, whatever it goes on to tell', async () => {
    const repository = { uuid: '{00000000-0000-4000-8000-000000000000}' };
    const values = Array.from({ length: 5000 }, () => ({ repository }));
    let pages = 0;
    const endless: RequestListener = (request, response) => {
      pages += 1;
      const next = `http://${request.headers.host}/2.0/user/workspaces/w/permissions/repositories?page=${pages}`;
      json({ values, next })(request, response);
    };
    expect(await ask(endless, (it) => it.readable(anybody, 'w'))).toHaveLength(20_000);
    expect(pages).toBe(4);
  });
});

describe('a caller’s header', () => {
  it('is read as an API token with its owner’s e-mail, and as nothing else', () => {
    expect(people.readCredential(basic('rita@example.com', 'to:ken'))).toEqual({
      email: 'rita@example.com',
      token: 'to:ken',
    });
    for (const other of ['Bearer abc', basic('x-token-auth', 'abc'), basic('rita', 'abc'), 'Digest a'])
      expect(() => people.readCredential(other)).toThrow(expect.objectContaining({ code: 'denied' }));
    for (const broken of [
      'Basic',
      'Basic ???',
      `Basic ${Buffer.from('rita').toString('base64')}`,
      basic('a@b', ''),
    ])
      expect(() => people.readCredential(broken)).toThrow(
        expect.objectContaining({ code: 'unauthenticated' }),
      );
  });
});
