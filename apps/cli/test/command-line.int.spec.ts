import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CHECKOUT, openScratch, type Scratch } from '@antipode/testing';
import { buildCommand } from './build-command.js';
import { FakeMirror, TOKEN, WORKSPACE_TOKEN } from './fake-mirror.js';
import { named } from './papers.js';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the antipode command', () => {
  let scratch: Scratch;
  let mirror: FakeMirror;
  let command: Awaited<ReturnType<typeof buildCommand>>;
  let tokenFile: string;

  beforeAll(async () => {
    [scratch, mirror, command] = await Promise.all([openScratch(), FakeMirror.open(), buildCommand()]);
    tokenFile = scratch.file('token');
    await writeFile(tokenFile, `${TOKEN}\n`);
    await writeFile(scratch.file('wrong-token'), 'some-other-token\n');
    await mkdir(scratch.file('config/antipode'), { recursive: true });
    const profile = JSON.stringify({ url: mirror.url, tokenFile: '../../token' });
    await writeFile(scratch.file('config/antipode/tokyo.json'), profile);
  });
  beforeEach(() => mirror.reset());
  afterAll(async () => {
    await Promise.all([scratch, mirror, command].map((one) => one[Symbol.asyncDispose]()));
  });

  /** Nothing of the machine that the tests run on: no house, no profile, no settings. */
  const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...{ PATH: process.env['PATH'], HOME: scratch.path, XDG_CONFIG_HOME: scratch.file('config') },
    ...{ ANTIPODE_HOME: CHECKOUT, TERM: 'xterm' },
    ...more,
  });

  function antipode(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const options = { env: environment(env), cwd: scratch.path };
    return promisify(execFile)(process.execPath, [command.main, ...args], options).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: Ended) => ({ code, stdout, stderr }),
    );
  }

  /** Without a token, without a folder: as it was typed, and what came of it. */
  const here = (): string[] => ['--url', mirror.url, '--token-file', tokenFile];

  it('ends with a code that means something, and a sentence without a stack', async () => {
    const cases: Record<string, readonly [args: string[], code: number, says: RegExp]> = {
      'all well': [['projects', 'list', ...here()], 0, /^$/],
      'no such option': [['projects', 'list', '--nope'], 2, /unknown option '--nope'/],
      'no such ports': [['up', '--port-base', 'many'], 2, /--port-base.*It must be a whole number/],
      'two minds': [
        ['up', '--unconnected', '--workspace', 'acme'],
        2,
        /'--unconnected' cannot be used with option '--workspace/,
      ],
      'nothing to connect': [
        ['up', '--unconnected', '--primary', 'git-http=http://127.0.0.1:2'],
        2,
        /A git-http host needs nobody to connect it/,
      ],
      'no house': [
        ['projects', 'list'],
        3,
        /^Nothing runs on .*\.antipode, and no other mirror is named\. Start/,
      ],
      'no house there': [
        ['repos', 'list', '--data', 'elsewhere'],
        3,
        /^Nothing runs on .*elsewhere\. Start it/,
      ],
      'no answer': [['status', '--url', 'http://127.0.0.1:2'], 3, /^$/],
      'wrong token': [
        ['repos', 'list', '--url', mirror.url, '--token-file', 'wrong-token'],
        4,
        /does not take the token from the file .*wrong-token/,
      ],
      'no token file': [
        ['repos', 'list', ...here().slice(0, 3), 'nope'],
        4,
        /nope cannot be read \(ENOENT\)/,
      ],
      'unknown project': [
        ['projects', 'add', 'NOPE', ...here()],
        5,
        /There is no project NOPE\. There are DATA/,
      ],
      'unknown repository': [['repos', 'show', 'a/b', ...here()], 5, /No mirrored repository is called a\/b/],
      'nobody to ask': [['disconnect', ...here()], 2, /say so with --yes/],
      'no token for the workspace': [
        ['connect', '--workspace', 'acme', '--url', mirror.url, '--token-file', 'wrong-token'],
        4,
        /wants a token.*--admin-token-file/,
      ],
      'unknown part': [['logs', '--data', 'elsewhere'], 5, /There are no logs in/],
      'unknown profile': [['repos', 'list', '--profile', 'osaka'], 2, /There is no profile .*osaka\.json/],
    };
    const ended = await Promise.all(
      Object.entries(cases).map(async ([name, [args, code, says]]) => {
        const { stdout, stderr, ...end } = await antipode(args);
        return { name, ...end, expected: code, says, stdout, stderr };
      }),
    );
    for (const { name, code, expected, says, stdout, stderr } of ended) {
      expect([name, code]).toEqual([name, expected]);
      expect(stderr).toMatch(says);
      expect(stderr + stdout).not.toMatch(/\n\s+at |AntipodeError|some-other-token/);
    }
  });

  it('finds its mirror by the environment and by a profile', async () => {
    const byEnvironment = await antipode(['clone-url', 'storefront'], {
      ...{ ANTIPODE_URL: mirror.url, ANTIPODE_TOKEN_FILE: tokenFile },
    });
    expect(byEnvironment).toMatchObject({ code: 0, stdout: 'https://mirror.example/acme/storefront.git\n' });
    const byProfile = await antipode(['clone-url', 'storefront', '--profile', 'tokyo']);
    expect(byProfile.stdout).toBe(byEnvironment.stdout);
  });

  it('says with --json what went wrong as well', async () => {
    const { code, stdout } = await antipode(['repos', 'show', 'nothing', '--json', ...here()]);
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: 'not_found',
        message: expect.stringMatching(/^No mirrored repository is called nothing/),
      },
    });
  });

  it('shows colours on a terminal, and none where nobody wants them', async () => {
    // script(1) of util-linux gives a program a terminal.
    const onTerminal = async (prefix: string): Promise<string> => {
      const line = `stty cols 60; ${prefix} "${process.execPath}" "${command.main}" repos list ${here().join(' ')}`;
      const { stdout } = await promisify(execFile)('script', ['-qec', line, '/dev/null'], {
        env: environment(),
      });
      return `\n${named(stdout.replaceAll('\r', ''))}`;
    };
    expect(await onTerminal('')).toMatchInlineSnapshot(`
     "
     <dim>REPOSITORY</>       <dim>PROJECT</>  <dim>STATE</>         <dim>LAG</>  <dim>SIZE</>      <dim></>
     acme/storefront  WEB      <green>ready</>         4s   282.5 kB
     acme/checkout    WEB      <cyan>cloning 42 %</>  -    0 bytes
     acme/pipelines   OPS      <red>failing</>       1h   282.5 kB  The primary…

     3 repositories
     "
    `);
    expect(await onTerminal('NO_COLOR=1')).not.toMatch(/<\w+>/);
  });

  it('asks on a terminal, and shows nothing of a token that is typed there', async () => {
    const converse = async (args: string, awaited: string, answer: string): Promise<string> => {
      const line = `"${process.execPath}" "${command.main}" ${args}`;
      const child = spawn('script', ['-qec', line, '/dev/null'], { env: environment(), cwd: scratch.path });
      let shown = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (!shown.includes(awaited) && (shown + text).includes(awaited)) child.stdin.write(`${answer}\r`);
        shown += text;
      });
      const [code] = (await once(child, 'close')) as [number];
      return `${code} ${shown}`;
    };
    const connect = `connect --workspace acme --url ${mirror.url} --admin-token-file ${tokenFile} --token-file -`;
    mirror.state.next = [
      () => undefined,
      () => {
        Object.assign(mirror.state.connection, { state: 'connected' });
        Object.assign(mirror.state.connection.webhook, { state: 'active' });
        mirror.state.lastFullAt = new Date().toISOString();
      },
    ];
    const connected = await converse(connect, 'is not shown): ', WORKSPACE_TOKEN);
    expect(connected).toMatch(/^0 [^]*Connected.* to Bitbucket Cloud, workspace acme/);
    expect(connected).not.toContain(WORKSPACE_TOKEN);
    const kept = await converse(`disconnect ${here().join(' ')}`, 'Disconnect acme? [y/N] ', 'n');
    expect(kept).toMatch(/^130 [^]*no longer served[^]*Nothing was changed/);
    expect(mirror.state.asked).toEqual([{ workspace: 'acme', token: WORKSPACE_TOKEN }]);
  });

  it('keeps telling how things are until it is stopped, and then ends well', async () => {
    const args = ['status', '--watch', '--interval', '0.1', '--json', ...here()];
    const child = spawn(process.execPath, [command.main, ...args], { env: environment(), cwd: scratch.path });
    const ended = once(child, 'exit');
    const looks: { bytesPerSecond: number; mirror: { repositories: { total: number } } }[] = [];
    for await (const line of createInterface(child.stdout)) {
      looks.push(JSON.parse(line) as (typeof looks)[number]);
      const checkout = mirror.state.repositories[1] as { progress: unknown };
      checkout.progress = { step: 'receiving', percent: 90, receivedBytes: 5_000_000 };
      if (looks.length === 3) child.kill('SIGINT');
    }
    expect(await ended).toEqual([0, null]);
    expect(looks[0]).toMatchObject({ bytesPerSecond: 0, mirror: { repositories: { total: 3 } } });
    expect(looks.at(-1)?.bytesPerSecond).toBeGreaterThan(1_000_000);
  });

  it('ends when nobody reads any more how things are', async () => {
    const args = ['status', '--watch', '--interval', '0.1', '--json', ...here()];
    const child = spawn(process.execPath, [command.main, ...args], { env: environment(), cwd: scratch.path });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await ended).toEqual([0, null]);
  });

  it('makes scripts for shells, and answers to them at every Tab', async () => {
    const script = scratch.file('completion.bash');
    await writeFile(script, (await antipode(['completion', 'bash'])).stdout);
    await promisify(execFile)('bash', ['-n', script]);
    const words = async (...typed: string[]): Promise<string[]> =>
      (await antipode(['complete', '--', ...typed])).stdout
        .split('\n')
        .map((line) => line.split('\t', 1)[0] ?? '')
        .filter((word) => /^[a-z-]/.test(word));
    expect(await words('projects', '')).toEqual(['list', 'add', 'remove', 'all', 'policy', 'help']);
    expect(await words('repos', 'list', '--ph')).toEqual(['--phase']);
    expect(await words('config', 'print', '')).toContain('registry');
    for (const shell of ['zsh', 'fish'])
      expect((await antipode(['completion', shell])).stdout).toMatch(/antipode complete --/);
  });
});
