import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { git } from '@antipode/testing';
import { basic, SimUnderTest } from './open-sim.js';

describe('the state', () => {
  let sim: SimUnderTest;
  beforeAll(async () => {
    sim = await SimUnderTest.open();
  });
  afterAll(() => sim[Symbol.asyncDispose]());

  it('tells the launcher whom and what it finds', async () => {
    const state = await sim.control('GET', '/state');

    expect(state.workspace).toBe('acme');
    expect(
      state.users.map((one: { username: string; email: string; role: string }) => [
        one.username,
        one.email,
        one.role,
      ]),
    ).toEqual([
      ['olivia', 'olivia@example.com', 'owner'],
      ['walter', 'walter@example.com', 'writer'],
      ['rita', 'rita@example.com', 'reader'],
      ['sven', 'sven@example.com', 'stranger'],
    ]);
    for (const user of state.users) expect(user.apiToken).toMatch(/^ATATT3xFfGF0/);
    expect(
      state.projects.map((one: { key: string; repositories: string[] }) => [
        one.key,
        one.repositories.length,
      ]),
    ).toEqual([
      ['WEB', 4],
      ['DATA', 2],
      ['PUB', 1],
    ]);
    expect(await sim.control('GET', '/healthz')).toEqual({ status: 'ok' });
  });

  it('is the same on every machine', async () => {
    await using other = await SimUnderTest.open();
    const [here, there] = await Promise.all(
      [sim, other].map((one) => one.control('GET', '/repositories/acme/storefront/refs')),
    );

    expect(other.mirrorToken).toBe(sim.mirrorToken);
    expect(there).toEqual(here);
  });

  it('survives a restart, also a change made a moment before', async () => {
    const { hash } = await sim.control('POST', '/repositories/acme/handbook/commit', { files: { x: '1' } });
    const before = (await sim.get('/repositories/acme/handbook', 'olivia')).json;
    await sim.restart();
    const after = (await sim.get('/repositories/acme/handbook', 'olivia')).json;

    expect(after.updated_on).toBe(before.updated_on);
    expect(after.uuid).toBe(before.uuid);
    expect(await git(['ls-remote', sim.repository('acme/handbook'), 'refs/heads/main'])).toContain(hash);
    expect(JSON.parse(await readFile(join(sim.data, 'state.json'), 'utf8')).version).toBe(1);
  });

  it('takes new users with what they may do', async () => {
    const ann = await sim.control('POST', '/users', { username: 'ann', projects: { DATA: 'read' } });
    const slugs = async () => {
      const { json } = await sim.rest('GET', '/repositories/acme?role=member', {
        headers: { authorization: basic('ann@example.com', ann.apiToken) },
      });
      return json.values.map((one: { slug: string }) => one.slug);
    };

    expect(await slugs()).toEqual(['pipelines', 'warehouse']);
    await sim.control('PUT', '/workspaces/acme/projects/DATA/users/ann', { permission: null });
    await sim.control('PUT', '/repositories/acme/warehouse/users/ann', { permission: 'write' });
    expect(await slugs()).toEqual(['warehouse']);
    await sim.control('PUT', '/workspaces/acme/members/ann', { membership: null });
    expect(await slugs()).toEqual([]);
  });

  it('begins again when it is told to', async () => {
    await sim.control('POST', '/repositories/acme/temporary', { project: 'WEB' });
    await sim.control('PATCH', '/settings', { filter: true, limits: { git: 1 } });
    const state = await sim.control('POST', '/reset', { sample: true });

    expect(state.repositories).toHaveLength(7);
    expect(await sim.control('GET', '/settings')).toMatchObject({ filter: false, limits: { git: 60_000 } });
  });
});
