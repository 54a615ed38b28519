import { execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
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
import { down } from '../src/commands/down.js';
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
  });

  /** The database of a house that has been here before: making one takes longer than all the rest of a test. */
  const withDatabase = (): unknown => execFileSync('cp', ['-a', prepared.file('data'), data]);

  afterEach(async () => {
    await down({ data });
    const left = await ourProcesses();
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    await scratch[Symbol.asyncDispose]();
    expect(left).toEqual([]);
  });

  it('keeps all parts running alone, and its data and secrets from one life to the next', async () => {
    withDatabase();
    const home = await makeFakeHome(scratch.file('home'), { lfs: 'clings to life' });
    // As tools/bootstrap.mjs starts it: with a channel by which either learns that the other is gone.
    const first = startChild(home, ['--detach', '--json'], ['ignore', 'pipe', 'ignore', 'ipc']);
    expect(await first.ended).toBe(0);

    const demo = await readDemo();
    expect(demo).toMatchObject({
      mirror: { url: `http://127.0.0.1:${portBase}`, ssh: `ssh://git@127.0.0.1:${portBase + 9}` },
      primary: {
        url: `http://127.0.0.1:${portBase + 2}`,
        api: `http://127.0.0.1:${portBase + 2}/2.0`,
        ssh: `ssh://git@127.0.0.1:${portBase + 15}`,
      },
      workspace: 'acme',
      users: [{ username: 'walter', email: 'walter@example.com', apiToken: 'writer-token', role: 'writer' }],
    });
    expect(demo.processes.map(({ name }) => name).sort()).toEqual(PARTS);
    const { adminToken, ...mirror } = demo.mirror;
    const adminTokenFile = join(data, 'secrets/admin-token');
    expect(JSON.parse(first.said())).toMatchObject({ data, mirror: { ...mirror, adminTokenFile } });
    expect(first.said()).not.toContain(adminToken);

    // Whoever started it is gone by now; killed parts come back all the same.
    const killed = ['edge', 'redis', 'postgres'].map((name) => ({ name, pid: pidOf(demo, name) }));
    for (const { pid } of killed) process.kill(pid, 'SIGKILL');
    await eventually(
      async () => {
        const now = await readDemo();
        return killed.every(({ name, pid }) => pidOf(now, name) !== pid);
      },
      { timeoutMs: 20_000 },
    );
    await eventually(async () => (await antipode(['status', '--data', data])).code === 0);
    await writeFile(join(data, 'postgres/left-by-the-first-start'), '');

    // Killed, it takes with it what can be taken, and the next one ends the rest.
    const leftover = pidOf(await readDemo(), 'lfs');
    process.kill(await supervisorPid(), 'SIGKILL');
    await eventually(async () => (await ourProcesses()).length === 1, { timeoutMs: 15_000 });
    const again = await startHouse();
    expect(again).toMatchObject({ code: 0, output: expect.stringMatching(/left lfs behind/) });
    expect(await isRunning(leftover)).toBe(false);

    expect((await readDemo()).mirror.adminToken).toBe(adminToken);
    expect((await readFile(adminTokenFile, 'utf8')).trim()).toBe(adminToken);
    await stat(join(data, 'postgres/left-by-the-first-start'));
    expect((await stat(adminTokenFile)).mode & 0o777).toBe(0o600);
    expect((await stat(join(data, 'demo.json'))).mode & 0o777).toBe(0o600);

    const second = await up({}, ['--port-base', String(await freePortBase())]);
    expect(second).toMatchObject({ code: 1, output: expect.stringMatching(/A house already runs on/) });
    expect((await antipode(['status', '--data', data])).code).toBe(0);

    const down = await antipode(['down', '--json', '--data', data]);
    expect({ code: down.code, json: JSON.parse(down.output) as unknown }).toEqual({
      code: 0,
      json: { data, stopped: true },
    });
    expect(await ourProcesses()).toEqual([]);
    expect((await antipode(['status', '--data', data])).code).toBe(3);
  });

  it('runs without a simulator on another primary, until what started it is killed', async () => {
    withDatabase();
    const home = await makeFakeHome(scratch.file('home'));
    const primary = ['--primary', 'git-http=http://127.0.0.1:9/base', '--on-demand'];
    const house = startChild(home, ['--json', ...primary], ['ignore', 'pipe', 'ignore', 'ipc']);
    await eventually(() => house.said().includes('"ready","data"'), { timeoutMs: 40_000 });

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

    // The channel closes as it does when the other end dies.
    house.child.disconnect();
    await house.ended;
    expect(await ourProcesses()).toEqual([]);
    const events = house
      .said()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(events).toContainEqual({ event: 'part', name: 'edge', state: 'ready' });
    expect(events.at(-1)).toEqual({ event: 'note', text: 'Stopped.' });
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

  it('never signals a stranger who has got the number of a process of ours', async () => {
    const stranger = spawn('sleep', ['60'], { detached: true });
    const holder = createServer().listen(portBase + 4, '127.0.0.1');
    try {
      await Promise.all([once(stranger, 'spawn'), once(holder, 'listening')]);
      const gone = { pid: stranger.pid, startedAt: 'another time' };
      const record = { supervisor: gone, portBase, processes: [{ name: 'edge', ...gone }] };
      const leave = (): Promise<void> => writeFile(join(data, 'house.json'), JSON.stringify(record));

      await mkdir(data);
      await leave();
      // It looks for what was left behind before it looks for free ports, and this one is not free.
      expect((await startHouse()).output).toMatch(/already taken/);
      await leave();
      expect(await antipode(['down', '--data', data])).toMatchObject({ code: 0 });

      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      holder.close();
      stranger.kill('SIGKILL');
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
    withDatabase();
    const refused = await startHouse({ auth: 'refuses to start' });

    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(
      /auth \(.*\) ended with exit code 3 before it was ready; it said: the frobnicator is missing\. Its log: .*auth\.log/,
    );
    expect(await ourProcesses()).toEqual([]);
  });

  it('stops everything where a part falls over again and again', async () => {
    withDatabase();
    const house = await startInForeground({ sync: 'falls over' });
    expect(await house.ended).toBe(1);
    expect(house.said()).toMatch(/sync \(.*\) ended \d+ times within a minute\. Its log: .*sync\.log/);
    expect(await ourProcesses()).toEqual([]);
  });

  it('stops in order at Ctrl-C, and ends well', async () => {
    withDatabase();
    const house = await startInForeground();
    await eventually(() => house.said().includes('Ready after'), { timeoutMs: 30_000 });
    house.child.kill('SIGINT');
    expect(await house.ended).toBe(0);
    expect(house.said()).toMatch(
      /Stopping[^]*stopped +edge[^]*stopped +auth[^]*stopped +postgres[^]*Stopped\./,
    );
    expect(await ourProcesses()).toEqual([]);
  });

  it('stops at Ctrl-C also while it is still making its database', async () => {
    const house = await startInForeground();
    await eventually(() => house.said().includes('Starting Antipode'), { timeoutMs: 30_000 });
    house.child.kill('SIGINT');
    await house.ended;

    expect(await ourProcesses()).toEqual([]);
  });

  /** A first start and a stop, in a folder where nothing was. */
  async function prepareData(): Promise<void> {
    scratch = prepared;
    data = prepared.file('data');
    portBase = await freePortBase();
    expect(await startHouse()).toMatchObject({ code: 0 });
    expect(await down({ data })).toMatchObject({ json: { stopped: true } });
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

  async function startInForeground(behaviours: Record<string, Behaviour> = {}): Promise<Running> {
    const home = await makeFakeHome(scratch.file('home'), behaviours);
    return startChild(home, [], ['ignore', 'pipe', 'pipe']);
  }

  function startChild(home: string, more: readonly string[], stdio: StdioOptions): Running {
    const args = ['up', '--no-demo', '--data', data, '--port-base', String(portBase), ...more];
    const env = environment({ ANTIPODE_HOME: home });
    const child = spawn(process.execPath, [join(APP, 'dist/main.js'), ...args], { env, stdio });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
    // What it said last may still be on its way; and "close" never comes where we close its channel ourselves.
    const ended = Promise.all([
      once(child, 'exit') as Promise<[number | null]>,
      ...[child.stdout, child.stderr].map((stream) => stream && once(stream, 'close')),
    ]).then(([[code]]) => code);
    return { child, ended, said: () => output };
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

interface Running {
  readonly child: ChildProcess;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
  readonly said: () => string;
}

const pidOf = (demo: DemoDocument, name: string): number =>
  demo.processes.find((one) => one.name === name)?.pid ?? -1;

function environment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, ...more };
}
