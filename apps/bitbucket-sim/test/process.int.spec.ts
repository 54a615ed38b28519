import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openScratch, runCommand, type Scratch } from '@antipode/testing';

const PROJECT = join(import.meta.dirname, '..');

describe('the process', () => {
  let build: string;
  let scratch: Scratch;
  beforeAll(async () => {
    // Compiled from the sources for this test, inside the project so that its packages are found.
    build = await mkdtemp(join(PROJECT, 'node_modules', '.sim-'));
    const swc = join(PROJECT, '../../node_modules/.bin/swc');
    const args = [
      'src',
      '--out-dir',
      join(build, 'dist'),
      '--strip-leading-paths',
      '--config-file',
      '../../.swcrc',
      '--quiet',
    ];
    const { code, output } = await runCommand(swc, args, { cwd: PROJECT, env: process.env });
    if (code !== 0) throw new Error(output);
    await symlink(join(PROJECT, 'package.json'), join(build, 'package.json'));
    scratch = await openScratch();
  });
  afterAll(async () => {
    await rm(build, { recursive: true, force: true });
    await scratch[Symbol.asyncDispose]();
  });

  const run = (args: string[], env: Record<string, string> = {}) =>
    spawn(process.execPath, [join(build, 'dist/main.js'), ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: 'pipe',
    });
  const ready = async (child: ReturnType<typeof run>) => {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    return JSON.parse(line) as { event: string; url: string; pid: number };
  };

  it('says in one line when and where it is ready, and ends cleanly on SIGTERM', async () => {
    const child = run(['--port', '0', '--data', scratch.file('one'), '--sample']);
    const said = await ready(child);

    expect(said).toMatchObject({ event: 'ready', pid: child.pid });
    expect(await (await fetch(`${said.url}/_sim/healthz`)).json()).toEqual({ status: 'ok' });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('ends when its supervisor goes away', async () => {
    const child = run(['--data', scratch.file('two')], { ANTIPODE_SUPERVISED: '1', HTTP_PORT: '0' });
    await ready(child);
    child.stdin.end();

    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('says what is missing or taken', async () => {
    const first = run(['--port', '0', '--data', scratch.file('three')]);
    const { url } = await ready(first);
    const without = run([]);
    const taken = run(['--port', new URL(url).port, '--data', scratch.file('four')]);
    const texts = await Promise.all(
      [without, taken].map(async (child) => {
        const said: string[] = [];
        child.stderr.on('data', (data) => said.push(String(data)));
        const [code] = (await once(child, 'close')) as [number];
        return `${code} ${said.join('')}`;
      }),
    );
    first.kill();
    await once(first, 'exit');

    expect(texts[0]).toMatch(/^1 bitbucket-sim: say where to keep the data/);
    expect(texts[1]).toMatch(/^1 bitbucket-sim: .*EADDRINUSE/);
  });
});
