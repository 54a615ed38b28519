import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  allProcesses,
  eventually,
  freePortBase,
  isRunning,
  openScratch,
  runCommand,
  type CommandResult,
  type DemoDocument,
  type Scratch,
} from '@antipode/testing';
import { makeFakeHome, type Behaviour } from './fake-home.js';

const APP = resolve(import.meta.dirname, '..');
const PARTS = ['auth', 'bitbucket-sim', 'edge', 'lfs', 'postgres', 'redis', 'registry', 'sync'];

/** PostgreSQL and Redis are the real ones; only our own services are stand-ins. */
describe('antipode up', () => {
  let scratch: Scratch;
  let data: string;
  let portBase: number;

  let prepared: Scratch;

  beforeAll(async () => {
    // The command is what is tested, so it must be the one of these sources.
    const swc = [
      'src',
      '--out-dir',
      'dist',
      '--strip-leading-paths',
      '--config-file',
      '../../.swcrc',
      '--quiet',
    ];
    execFileSync(join(APP, '../../node_modules/.bin/swc'), swc, { cwd: APP });
    prepared = await openScratch();
    await prepareData();
  }, 120_000);

  afterAll(async () => {
    await prepared[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    scratch = await openScratch();
    data = scratch.file('data');
    portBase = await freePortBase();
    // The database of a house that has been here before: making one takes longer than all the rest of a test.
    execFileSync('cp', ['-a', prepared.file('data'), data]);
  });

  afterEach(async () => {
    await antipode(['down', '--data', data]);
    const left = await ourProcesses();
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    await scratch[Symbol.asyncDispose]();
    expect(left).toEqual([]);
  });

  it('starts all parts, keeps them running alone, and stops them all', async () => {
    const home = await makeFakeHome(scratch.file('home'));
    const args = ['up', '--no-demo', '--detach', '--data', data, '--port-base', String(portBase)];
    // As tools/bootstrap.mjs starts it: with a channel by which either learns that the other is gone.
    const child = spawn(process.execPath, [join(APP, 'dist/main.js'), ...args], {
      env: environment({ ANTIPODE_HOME: home }),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);

    const demo = await readDemo();
    expect(demo).toMatchObject({
      mirror: {
        url: `http://127.0.0.1:${portBase}`,
        ssh: `ssh://git@127.0.0.1:${portBase + 9}`,
        adminToken: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      primary: {
        url: `http://127.0.0.1:${portBase + 2}`,
        api: `http://127.0.0.1:${portBase + 2}/2.0`,
        ssh: `ssh://git@127.0.0.1:${portBase + 15}`,
      },
      workspace: 'acme',
      users: [{ username: 'walter', email: 'walter@example.com', apiToken: 'writer-token', role: 'writer' }],
    });
    expect(demo.processes.map(({ name }) => name).sort()).toEqual(PARTS);
    // It used to stop right after: a mistaken stop takes a moment to show.
    await setTimeout(1000);
    expect((await antipode(['status', '--data', data])).code).toBe(0);

    expect(await antipode(['down', '--data', data])).toMatchObject({ code: 0 });
    expect(await ourProcesses()).toEqual([]);
    expect((await antipode(['status', '--data', data])).code).toBe(3);
  });

  it('keeps its data and secrets, lets nobody else read them, and refuses a second house on them', async () => {
    await writeFile(join(data, 'postgres/left-by-the-first-start'), '');
    const token = (await readFile(join(data, 'secrets/admin-token'), 'utf8')).trim();

    expect((await startHouse()).code).toBe(0);

    expect((await readDemo()).mirror.adminToken).toBe(token);
    await stat(join(data, 'postgres/left-by-the-first-start'));
    expect((await stat(join(data, 'secrets/admin-token'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(data, 'demo.json'))).mode & 0o777).toBe(0o600);

    const second = await up({}, ['--port-base', String(await freePortBase())]);
    expect(second.code).toBe(1);
    expect(second.output).toMatch(/A house already runs on/);
    expect((await antipode(['status', '--data', data])).code).toBe(0);
  });

  it('brings a killed part back under another pid, and leaves nothing when it is killed itself', async () => {
    await startHouse();
    for (const name of ['edge', 'redis', 'postgres']) {
      const pid = pidOf(await readDemo(), name);
      process.kill(pid, 'SIGKILL');
      await eventually(async () => pidOf(await readDemo(), name) !== pid, { timeoutMs: 20_000 });
    }
    expect((await antipode(['status', '--data', data])).code).toBe(0);

    process.kill(await supervisorPid(), 'SIGKILL');
    await eventually(async () => (await ourProcesses()).length === 0, { timeoutMs: 15_000 });
  });

  it('stops a house in the foreground when what started it is killed', async () => {
    const home = await makeFakeHome(scratch.file('home'));
    const args = ['up', '--no-demo', '--data', data, '--port-base', String(portBase)];
    const child = spawn(process.execPath, [join(APP, 'dist/main.js'), ...args], {
      env: environment({ ANTIPODE_HOME: home }),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    await eventually(() => readDemo(), { timeoutMs: 40_000 });
    // The channel closes as it does when the other end dies.
    child.disconnect();
    await once(child, 'exit');

    expect(await ourProcesses()).toEqual([]);
  });

  it('names the part, the port and the holder where a port is taken, and starts nothing', async () => {
    const holder = createServer().listen(portBase + 4, '127.0.0.1');
    await once(holder, 'listening');
    try {
      const refused = await startHouse();
      expect(refused.code).toBe(1);
      expect(refused.output).toMatch(
        new RegExp(
          `Port ${portBase + 4}, which redis .* is already taken by .* \\(process ${process.pid}\\)`,
        ),
      );
      expect(refused.output).not.toMatch(/\n\s+at /);
      expect(await ourProcesses()).toEqual([]);
    } finally {
      holder.close();
    }
  });

  it('says which tool is missing where there is no Redis', async () => {
    const bin = scratch.file('bin');
    await mkdir(bin);
    await Promise.all(
      ['setpriv', 'test', 'sh', 'git'].map((tool) => symlink(`/usr/bin/${tool}`, join(bin, tool))),
    );

    // Debian's Redis is found in /usr/bin only through the PATH.
    const refused = await startHouse({}, { PATH: bin });

    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(/There is no redis-server/);
    expect(await ourProcesses()).toEqual([]);
  });

  it('names a part that ends before it is ready, with its last words and its log, and stops the rest', async () => {
    const refused = await startHouse({ auth: 'refuses to start' });

    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(
      /auth \(.*\) ended with exit code 3 before it was ready; it said: the frobnicator is missing\. Its log: .*auth\.log/,
    );
    expect(await ourProcesses()).toEqual([]);
  });

  it('stops everything where a part falls over again and again', async () => {
    const house = await startInForeground({ sync: 'falls over' });
    const [code] = (await once(house.child, 'exit')) as [number];

    expect(code).toBe(1);
    expect(house.said()).toMatch(/sync \(.*\) ended \d+ times within a minute\. Its log: .*sync\.log/);
    expect(await ourProcesses()).toEqual([]);
  });

  it('stops in order at Ctrl-C, and ends well', async () => {
    const house = await startInForeground();
    await eventually(() => house.said().includes('Ready after'), { timeoutMs: 30_000 });
    house.child.kill('SIGINT');
    const [code] = (await once(house.child, 'exit')) as [number];

    expect(code).toBe(0);
    expect(house.said()).toMatch(
      /Stopping[^]*stopped +edge[^]*stopped +auth[^]*stopped +postgres[^]*Stopped\./,
    );
    expect(await ourProcesses()).toEqual([]);
  });

  it('stops at Ctrl-C also while it is still making its database', async () => {
    await rm(data, { recursive: true });
    const house = await startInForeground();
    await eventually(() => house.said().includes('Starting Antipode'), { timeoutMs: 30_000 });
    house.child.kill('SIGINT');
    await once(house.child, 'exit');

    expect(await ourProcesses()).toEqual([]);
  });

  it('ends what a killed supervisor left behind before it starts anew', async () => {
    await startHouse({ lfs: 'clings to life' });
    const leftover = pidOf(await readDemo(), 'lfs');
    process.kill(await supervisorPid(), 'SIGKILL');
    await eventually(async () => (await ourProcesses()).length === 1, { timeoutMs: 15_000 });

    const again = await startHouse();

    expect(again.code).toBe(0);
    expect(again.output).toMatch(/left lfs behind/);
    expect(await isRunning(leftover)).toBe(false);
  });

  it('never signals a stranger who has got the number of a process of ours', async () => {
    const stranger = spawn('sleep', ['60'], { detached: true });
    try {
      await once(stranger, 'spawn');
      await mkdir(data, { recursive: true });
      const gone = { pid: stranger.pid, startedAt: 'another time' };
      await writeFile(
        join(data, 'house.json'),
        JSON.stringify({ supervisor: gone, portBase, processes: [{ name: 'edge', ...gone }] }),
      );

      expect((await startHouse()).code).toBe(0);
      await antipode(['down', '--data', data]);

      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('runs without a simulator on another primary', async () => {
    const started = await startHouse({}, {}, [
      '--primary',
      'git-http=http://127.0.0.1:9/base',
      '--on-demand',
    ]);

    expect(started.code).toBe(0);
    const demo = await readDemo();
    expect(demo).toMatchObject({
      primary: { url: 'http://127.0.0.1:9/base', api: null },
      workspace: null,
      users: [],
    });
    expect(demo.processes.map(({ name }) => name)).not.toContain('bitbucket-sim');
    const environment = await readFile(`/proc/${pidOf(demo, 'edge')}/environ`, 'utf8');
    expect(environment.split('\0')).toEqual(
      expect.arrayContaining(['PRIMARY_KIND=git-http', 'PRIMARY_ON_DEMAND=true']),
    );
  });

  it('explains wrong usage and ends with 2', async () => {
    const wrong = await antipode(['up', '--port-base', 'many']);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.output).toMatch(/--port-base.*It must be a whole number/);
  });

  /** A first start and a stop, in a folder where nothing was. */
  async function prepareData(): Promise<void> {
    scratch = prepared;
    data = prepared.file('data');
    portBase = await freePortBase();
    expect(await startHouse()).toMatchObject({ code: 0 });
    expect(await antipode(['down', '--data', data])).toMatchObject({ code: 0 });
  }

  async function startHouse(
    behaviours: Record<string, Behaviour> = {},
    env: NodeJS.ProcessEnv = {},
    args: string[] = [],
  ): Promise<CommandResult> {
    return up(behaviours, ['--port-base', String(portBase), ...args], env);
  }

  async function up(
    behaviours: Record<string, Behaviour>,
    args: string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<CommandResult> {
    const home = await makeFakeHome(scratch.file('home'), behaviours);
    return antipode(['up', '--no-demo', '--detach', '--data', data, ...args], {
      ANTIPODE_HOME: home,
      ...env,
    });
  }

  async function startInForeground(
    behaviours: Record<string, Behaviour> = {},
  ): Promise<{ child: ChildProcess; said: () => string }> {
    const home = await makeFakeHome(scratch.file('home'), behaviours);
    const args = ['up', '--no-demo', '--data', data, '--port-base', String(portBase)];
    const child = spawn(process.execPath, [join(APP, 'dist/main.js'), ...args], {
      env: environment({ ANTIPODE_HOME: home }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    return { child, said: () => output };
  }

  function antipode(args: string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    return runCommand(process.execPath, [join(APP, 'dist/main.js'), ...args], {
      env: environment(env),
      timeoutMs: 60_000,
    });
  }

  const readDemo = async (): Promise<DemoDocument> =>
    JSON.parse(await readFile(join(data, 'demo.json'), 'utf8')) as DemoDocument;

  async function supervisorPid(): Promise<number> {
    const { supervisor } = JSON.parse(await readFile(join(data, 'house.json'), 'utf8')) as {
      supervisor: { pid: number };
    };
    return supervisor.pid;
  }

  /** Everything whose command line or working folder says that this test has started it. */
  async function ourProcesses(): Promise<{ pid: number; argv: readonly string[] }[]> {
    const all = await allProcesses();
    return all
      .filter(({ argv }) =>
        argv.some((arg) => arg.includes(scratch.path) || arg === `127.0.0.1:${portBase + 4}`),
      )
      .map(({ pid, argv }) => ({ pid, argv }));
  }
});

const pidOf = (demo: DemoDocument, name: string): number =>
  demo.processes.find((one) => one.name === name)?.pid ?? -1;

function environment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, ...more };
}
