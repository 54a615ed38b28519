import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { auth as proto } from '@antipode/contracts';
import { callUnary } from '@antipode/rpc';
import { eventually } from '@antipode/testing';
import { givenHouse, query, type GivenHouse } from './given-house.js';
import type { OpenAuth } from './open-auth.js';
import { fingerprint, newPublicKey } from './ssh-keys.js';

let house: GivenHouse;
let auth: OpenAuth & { readonly databaseUrl: string };
const [ofStorefront, ofWeb, removed] = [newPublicKey(), newPublicKey(), newPublicKey()];
let removedId = 0;

beforeAll(async () => {
  house = await givenHouse();
  await house.sim.control.addDeployKey('acme/storefront', ofStorefront, 'the build server');
  await house.sim.control.addDeployKey({ workspace: 'acme', project: 'WEB' }, ofWeb);
  removedId = (await house.sim.control.addDeployKey('acme/storefront', removed)).id;
  auth = await house.open({ VERDICT_SECONDS: '1', NEGATIVE_VERDICT_SECONDS: '0.2' });
}, 120_000);

beforeEach(() => house.forget());

afterEach(() => house.sim.control.heal());

afterAll(async () => {
  await auth[Symbol.asyncDispose]();
  await house[Symbol.asyncDispose]();
});

const holderOf = (publicKey: string): proto.KeyHolder => ({
  holder: { $case: 'accessKeyId', value: fingerprint(publicKey) },
});
const may = (auth: OpenAuth, publicKey: string, path: string, right: 'read' | 'write' = 'read') =>
  auth.outcome({ path: `acme/${path}`, right, holder: holderOf(publicKey) });
const notice = (auth: OpenAuth, path: string) =>
  callUnary(auth.client, 'noticeUnknownKeys', { repositoryPath: `acme/${path}` }, { timeoutMs: 10_000 });
const known = (auth: OpenAuth, publicKey: string) =>
  eventually(async () => (await auth.identify(publicKey)).holder && auth.identify(publicKey));
/** Calls for lists of access keys that the primary has seen since the counters were reset. */
const calls = async (): Promise<number> => {
  const { routes } = (await house.sim.control.counters()).rest as unknown as {
    routes: Record<string, { requests: number }>;
  };
  return Object.entries(routes)
    .filter(([route]) => route.includes('deploy-keys'))
    .reduce((sum, [, { requests }]) => sum + requests, 0);
};
/** Nothing is read by itself. */
const QUIET = { ACCESS_KEY_CALLS_PER_HOUR: '1' };

describe('an access key', () => {
  it('of a repository is found by itself, and reads that repository and no other', async () => {
    const publicKey = ofStorefront;
    expect(await known(auth, publicKey)).toEqual({
      holder: holderOf(publicKey),
      displayName: 'the build server',
    });
    expect(await may(auth, publicKey, 'storefront')).toBe('allowed');
    expect(await may(auth, publicKey, 'checkout-api')).toBe('not_found');
    expect(await may(auth, publicKey, 'pipelines')).toBe('not_found');
    expect(await may(auth, publicKey, 'none')).toBe('not_found');
  });

  it('of a project reads each of its repositories, and no other project’s', async () => {
    const publicKey = ofWeb;
    expect(await known(auth, publicKey)).toMatchObject({ displayName: 'access key of the project WEB' });
    expect(await may(auth, publicKey, 'storefront')).toBe('allowed');
    expect(await may(auth, publicKey, 'checkout-api')).toBe('allowed');
    expect(await may(auth, publicKey, 'pipelines')).toBe('not_found');
  });

  it('only reads, which is said; and it borrows the connection’s credential for that', async () => {
    const publicKey = ofStorefront;
    await known(auth, publicKey);
    const push = auth.ask({ path: 'acme/storefront', right: 'write', holder: holderOf(publicKey) });
    await expect(push).rejects.toMatchObject({ code: 'denied', hint: expect.stringContaining('only reads') });
    const lend = (right: proto.Right, path = 'acme/storefront') =>
      callUnary(
        auth.client,
        'getRelayCredential',
        { repositoryPath: path, right, keyHolder: holderOf(publicKey), clientAddress: '' },
        { timeoutMs: 10_000 },
      );
    await expect(lend(proto.Right.RIGHT_WRITE)).rejects.toMatchObject({ code: 'denied' });
    await expect(lend(proto.Right.RIGHT_READ, 'acme/pipelines')).rejects.toMatchObject({ code: 'not_found' });
    const { authorization } = await lend(proto.Right.RIGHT_READ);
    expect(Buffer.from(authorization.slice(6), 'base64').toString()).toBe(
      `x-token-auth:${house.sim.state.mirrorToken}`,
    );
  });

  it('that is taken off the list opens nothing once the verdict has ended', async () => {
    const publicKey = removed;
    await known(auth, publicKey);
    expect(await may(auth, publicKey, 'storefront')).toBe('allowed');
    await house.sim.control.removeDeployKey('acme/storefront', removedId);
    await eventually(async () => (await may(auth, publicKey, 'storefront')) === 'not_found');
    expect((await auth.identify(publicKey)).holder).toBeUndefined();
  });

  it('is trusted no longer than a verdict where the list cannot be looked at, or is gone', async () => {
    await known(auth, ofStorefront);
    await query(auth.databaseUrl, `UPDATE access_key_list SET read_at = now() - interval '1 hour'`);
    const outcome = (status: number): Promise<string> =>
      house.sim.control.withFaults({ fail: [{ class: 'rest', path: 'deploy-keys', status }] }, () =>
        may(auth, ofStorefront, 'storefront'),
      );
    expect(await outcome(403)).toBe('service_unavailable');
    expect(await outcome(404)).toBe('not_found');
  });
});

describe('a key that nobody knew', () => {
  it('is found soon after somebody came with it, at the price of two calls in a minute', async () => {
    await using auth = await house.open({ ACCESS_KEY_CALLS_PER_HOUR: '4' });
    // The rota spends its half, and leaves the rest to those who wait.
    await eventually(() => rotaIsDone(auth));
    const publicKey = newPublicKey();
    await house.sim.control.addDeployKey('acme/pipelines', publicKey, 'late');
    await query(auth.databaseUrl, `UPDATE access_key_list SET tried_at = NULL WHERE name = 'acme/pipelines'`);
    await house.sim.control.resetCounters();
    for (let count = 0; count < 10; count += 1) await notice(auth, 'pipelines');
    expect(await known(auth, publicKey)).toMatchObject({ displayName: 'late' });
    expect(await calls()).toBeLessThanOrEqual(2);
    expect(await may(auth, publicKey, 'pipelines')).toBe('allowed');
  });

  it('costs nothing where the repository is not there, and the answer is the same', async () => {
    await using auth = await house.open(QUIET);
    await house.sim.control.resetCounters();
    expect(await notice(auth, 'none')).toEqual(await notice(auth, 'storefront'));
    await expect(notice(auth, '../etc')).rejects.toMatchObject({ code: 'invalid' });
  });
});

/** Two lists have been read: the budget is down to what is kept for others. */
async function rotaIsDone(auth: { databaseUrl: string }): Promise<boolean> {
  const sql = 'SELECT count(read_at)::int AS read FROM access_key_list';
  const [row] = await query<{ read: number }>(auth.databaseUrl, sql);
  return (row?.read ?? 0) >= 2;
}

describe('the registry', () => {
  it('does not take auth for a node with mirrors', async () => {
    await using auth = await house.open(QUIET);
    await eventually(() => house.registry.watchers.length > 0);
    expect(new Set(house.registry.watchers)).toEqual(new Set(['']));
    expect(await auth.health.report()).toMatchObject({ ok: true });
  });
});
