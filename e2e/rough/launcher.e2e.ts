import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, freePortBase, git, House, isRunning, lsRemote, npm } from '@antipode/testing';
import { folder, handsFor, ownHouse } from '../src/neighbourhood.js';

let house: House;

beforeAll(async () => {
  house = await ownHouse('launched');
}, 240_000);

afterAll(() => house?.stop());

const pidsOf = (one: House): number[] => one.demo.processes.map(({ pid }) => pid);

async function supervisorOf({ data }: House): Promise<number> {
  return (JSON.parse(await readFile(join(data, 'house.json'), 'utf8')) as { supervisor: { pid: number } })
    .supervisor.pid;
}

async function allGone(pids: readonly number[], timeoutMs: number): Promise<void> {
  await eventually(async () => !(await Promise.all(pids.map(isRunning))).includes(true), {
    timeoutMs,
    everyMs: 100,
  });
}

describe('npm start --detach', () => {
  it('leaves a file that says where everything is, for its owner alone', async () => {
    const { demo, portBase } = house;
    expect(demo.mirror).toEqual({
      url: `http://127.0.0.1:${portBase}`,
      ssh: `ssh://git@127.0.0.1:${house.portBase + 9}`,
      adminToken: expect.stringMatching(/^.{32,}$/),
    });
    expect(demo.primary).toEqual({
      url: house.at(2),
      api: `${house.at(2)}/2.0`,
      ssh: `ssh://git@127.0.0.1:${house.portBase + 15}`,
    });
    expect(demo.workspace).toBe('acme');
    expect(demo.users.map(({ role }) => role).sort()).toEqual(['owner', 'reader', 'stranger', 'writer']);
    for (const user of demo.users) {
      expect(user).toEqual({
        username: expect.stringMatching(/^[a-z]+$/),
        email: expect.stringContaining('@'),
        apiToken: expect.stringMatching(/^.{20,}$/),
        role: expect.any(String),
      });
    }
    const { mode } = await stat(join(house.data, 'demo.json'));
    expect(mode & 0o077).toBe(0);
  });

  it('runs every service as a process of its own', async () => {
    const names = house.demo.processes.map(({ name }) => name).sort();
    expect(names).toEqual(['auth', 'bitbucket-sim', 'edge', 'lfs', 'postgres', 'redis', 'registry', 'sync']);
    expect(new Set(pidsOf(house)).size).toBe(names.length);
    expect(await Promise.all(pidsOf(house).map(isRunning))).toEqual(names.map(() => true));
  });

  it('has selected a project, synced it, and cloned through the mirror', async () => {
    const { mirror } = handsFor(house);
    expect(await mirror.selection()).not.toEqual([]);
    expect((await mirror.repositories()).length).toBeGreaterThan(0);
    // One line per request: a pack that git made from our disk is the clone.
    const lines = (await house.log('edge')).split('\n');
    expect(lines.some((line) => line.includes('"upload_pack"') && line.includes('"source":"git"'))).toBe(
      true,
    );
  });

  it('refuses a second house on the same data with a sentence, and harms nothing', async () => {
    const before = pidsOf(house);
    const { code, output } = await npm([
      'start',
      '--',
      '--detach',
      '--data',
      house.data,
      '--port-base',
      String(await freePortBase()),
    ]);
    expect(code).not.toBe(0);
    expect(output).toMatch(/already runs/);
    expect(output).not.toMatch(/\n\s+at /);
    expect(await Promise.all(before.map(isRunning))).toEqual(before.map(() => true));
  });

  it('names the port that somebody else has, and who it is', async () => {
    const base = await freePortBase();
    const squatter = createServer().listen(base + 4, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const { code, output } = await npm([
        'start',
        '--',
        '--detach',
        '--data',
        join(folder(), 'squatted'),
        '--port-base',
        String(base),
      ]);
      expect(code).not.toBe(0);
      expect(output).toContain(String(base + 4));
      expect(output).toMatch(/taken/);
      expect(output).not.toMatch(/\n\s+at /);
    } finally {
      await closed(squatter);
    }
  });
});

describe('stopping and starting again', () => {
  it('ends every process on `npm run stop`, and keeps the data for the next start', async () => {
    const { mirror, sim } = handsFor(house);
    await mirror.untilSynced();
    const path = `${house.workspace}/storefront`;
    const oid = await sim.commit(path, { files: { 'kept.txt': 'kept' } });
    const repositories = (await mirror.repositories()).map(({ id }) => id);
    const gone = [...pidsOf(house), await supervisorOf(house)];

    expect((await house.stop()).code).toBe(0);
    await allGone(gone, 1000);

    const begun = Date.now();
    house = await House.start({ data: house.data, portBase: house.portBase });
    // "Seconds", on two cores that do other things as well.
    expect(Date.now() - begun).toBeLessThan(45_000);
    const again = handsFor(house);
    expect((await again.mirror.repositories()).map(({ id }) => id)).toEqual(repositories);
    await eventually(
      async () =>
        (await lsRemote(house.url(path), { as: house.credential('reader') }))['refs/heads/main'] === oid,
    );
  });

  it('leaves no orphan when the supervisor itself is killed, and starts over it', async () => {
    const parts = pidsOf(house);
    process.kill(await supervisorOf(house), 'SIGKILL');
    await allGone(parts, 15_000);

    house = await House.start({ data: house.data, portBase: house.portBase });
    await git(['ls-remote', house.url('storefront')], { as: house.credential('reader') });
  });

  it('says that nothing runs where nothing runs', async () => {
    const { code, output } = await npm(['run', 'stop', '--', '--data', join(folder(), 'nothing')]);
    expect(code).toBe(0);
    expect(output).toMatch(/Nothing runs/);
  });
});

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
