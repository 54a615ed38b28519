import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createPrimary, primarySettings, type Grant, type OAuth } from '@antipode/primary';
import { openBitbucket, type OpenBitbucket } from './open-bitbucket.js';

let host: OpenBitbucket;
let oauth: OAuth;
const REDIRECT = 'http://mirror.example/-/link/callback';
const line = (byte: string): string =>
  `ssh-ed25519 ${Buffer.from(`0000000b${Buffer.from('ssh-ed25519').toString('hex')}00000020${byte.repeat(32)}`, 'hex').toString('base64')}`;

beforeAll(async () => {
  host = await openBitbucket();
  if (!host.primary.oauth) throw new Error('there is a consumer');
  oauth = host.primary.oauth;
  await host.sim.control.changeConsumer({ callbackUrl: null });
}, 120_000);

afterEach(async () => {
  await host.sim.control.heal();
  await host.sim.control.settings({ oauthRefreshGraceMs: 0 });
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

function person(role: string) {
  const user = host.sim.state.users.find((one) => one.role === role);
  if (!user) throw new Error(`the sample has no ${role}`);
  return { ...user, id: user.uuid.slice(1, -1) };
}

async function granted(role: string): Promise<Grant> {
  const url = oauth.authorizeUrl({ state: 'state', redirectUri: REDIRECT });
  const back = new URL(await host.sim.control.authorizeAs(person(role).username, url));
  return oauth.exchange({ code: back.searchParams.get('code') ?? '', redirectUri: REDIRECT });
}

describe('a person’s grant', () => {
  it('tells whose account it is, and which keys that has', async () => {
    const { username, id, displayName } = person('reader');
    await host.sim.control.addSshKey(username, line('01'));
    const expiresOn = '2031-01-02T03:04:05.000Z';
    await host.sim.control.addSshKey(username, line('02'), { expiresOn });
    const grant = await granted('reader');
    expect(oauth.allows(grant)).toEqual({ keys: true, read: true, write: true });
    expect(await oauth.account(grant.accessToken)).toEqual({ id, displayName });
    const keys = await oauth.sshKeys(grant.accessToken, id);
    expect(keys.map((key) => [key.publicKey.at(-1), key.expiresOn?.toISOString()])).toEqual(
      expect.arrayContaining([
        [1, undefined],
        [2, expiresOn],
      ]),
    );
    await expect(oauth.sshKeys(grant.accessToken, person('owner').id)).rejects.toMatchObject({
      code: 'denied',
    });
  });

  it('is a credential of the git endpoint with the person’s own rights', async () => {
    const authorization = oauth.gitAuthorization((await granted('reader')).accessToken);
    const ask = async (path: string, right: 'read' | 'write'): Promise<string> =>
      (await host.primary.authorize({ path: `${host.workspace}/${path}`, right, authorization })).kind;
    expect(await ask('storefront', 'read')).toBe('allowed');
    expect(await ask('storefront', 'write')).not.toBe('allowed');
    expect(await ask('pipelines', 'read')).toBe('not_found');
  });

  it('is renewed, which uses its refresh token up', async () => {
    const first = await granted('reader');
    const second = await oauth.refresh(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(second.expiresInSeconds).toBe(7200);
    await expect(oauth.refresh(first.refreshToken)).rejects.toMatchObject({ code: 'denied' });
    await host.sim.control.revokeGrants(person('reader').username);
    await expect(oauth.refresh(second.refreshToken)).rejects.toMatchObject({ code: 'denied' });
    await expect(oauth.account(second.accessToken)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is not ended by what is wrong with the host or with the mirror’s own consumer', async () => {
    const { refreshToken } = await granted('reader');
    const answers = [
      [{ status: 500 }, 'primary_unavailable'],
      [{ status: 429 }, 'primary_limited'],
      [{ status: 418 }, 'primary_misbehaved'],
    ] as const;
    for (const [fault, code] of answers) {
      await host.sim.control.withFaults({ fail: [{ class: 'oauth', ...fault }] }, async () => {
        await expect(oauth.refresh(refreshToken)).rejects.toMatchObject({ code });
      });
    }
    const settings = {
      PRIMARY_OAUTH_URL: host.sim.state.oauth.url,
      PRIMARY_OAUTH_KEY: 'another',
      PRIMARY_OAUTH_SECRET_FILE: import.meta.filename,
    };
    const other = createPrimary(z.object(primarySettings).parse(settings));
    // A source file is no secret: it is refused before anything is sent.
    await expect(other.oauth?.refresh(refreshToken)).rejects.toMatchObject({ code: 'invalid' });
    await other.close();
    expect((await oauth.refresh(refreshToken)).accessToken).not.toBe('');
  });

  it('is not taken from an answer that lacks something, whose secrets stay out of the error', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"very-secret"}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await using odd = await openBitbucketAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const failure: Error = (await odd.oauth.refresh('also-secret').catch((error: Error) => error)) as Error;
    expect(failure).toMatchObject({ code: 'primary_misbehaved', context: { missing: ['refresh_token'] } });
    expect(JSON.stringify(failure) + failure.stack).not.toMatch(/very-secret|also-secret/);
    server.close();
    server.closeAllConnections();
  });
});

async function openBitbucketAt(url: string): Promise<AsyncDisposable & { readonly oauth: OAuth }> {
  const { writeFile, mkdtemp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = await mkdtemp(join(tmpdir(), 'antipode-oauth-'));
  await writeFile(join(folder, 'secret'), 'x');
  const primary = createPrimary(
    z.object(primarySettings).parse({
      PRIMARY_OAUTH_URL: url,
      PRIMARY_OAUTH_KEY: 'key',
      PRIMARY_OAUTH_SECRET_FILE: join(folder, 'secret'),
    }),
  );
  if (!primary.oauth) throw new Error('there is a consumer');
  return {
    oauth: primary.oauth,
    [Symbol.asyncDispose]: async () => {
      await primary.close();
      await rm(folder, { recursive: true });
    },
  };
}

describe('access keys', () => {
  it('are listed by repository and by project, with what they are called', async () => {
    const { accessKeys } = host.primary;
    const token = { token: host.sim.state.mirrorToken };
    await host.sim.control.addDeployKey(`${host.workspace}/storefront`, line('03'), 'build');
    await host.sim.control.addDeployKey({ workspace: host.workspace, project: 'WEB' }, line('04'));
    const own = await accessKeys?.ofRepository(token, `${host.workspace}/storefront`);
    expect(own?.map(({ label, publicKey }) => [label, publicKey.at(-1)])).toContainEqual(['build', 3]);
    const projects = await accessKeys?.ofProject(token, 'WEB');
    expect(projects?.map(({ label, publicKey }) => [label, publicKey.at(-1)])).toContainEqual(['', 4]);
    await expect(accessKeys?.ofRepository(token, `${host.workspace}/none`)).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
