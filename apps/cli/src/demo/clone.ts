import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { inheritedEnvironment } from '../config.js';
import { stoppedShort } from '../stopped-short.js';

export interface CloneOptions {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly destination: string;
  readonly stop: AbortSignal;
}

export interface CloneResult {
  readonly seconds: number;
  /** Size of the packs that came over the wire. */
  readonly packBytes: number;
  readonly commits: number;
}

/** A plain `git clone`, as a person would type it; the credential travels by environment, as argv is public. */
export async function clone({ url, destination, ...options }: CloneOptions): Promise<CloneResult> {
  await rm(destination, { recursive: true, force: true });
  await mkdir(dirname(destination), { recursive: true });
  const begun = performance.now();
  await git(['clone', '--quiet', url, destination], options);
  const seconds = (performance.now() - begun) / 1000;
  const commits = await git(['-C', destination, 'rev-list', '--count', '--all'], options);
  return {
    seconds,
    packBytes: await sizeOfPacks(join(destination, '.git/objects/pack')),
    commits: Number(commits),
  };
}

async function git(
  args: readonly string[],
  { username, password, stop }: Omit<CloneOptions, 'url' | 'destination'>,
): Promise<string> {
  const env = {
    ...inheritedEnvironment(),
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: '2',
    // An empty helper first: the helpers of the person's own configuration must not remember a demo's token.
    GIT_CONFIG_KEY_0: 'credential.helper',
    GIT_CONFIG_VALUE_0: '',
    GIT_CONFIG_KEY_1: 'credential.helper',
    GIT_CONFIG_VALUE_1:
      '!f() { test "$1" = get && echo "username=$ANTIPODE_DEMO_USER" && echo "password=$ANTIPODE_DEMO_TOKEN"; }; f',
    ANTIPODE_DEMO_USER: username,
    ANTIPODE_DEMO_TOKEN: password,
  };
  try {
    const { stdout } = await promisify(execFile)('git', [...args], { env, signal: stop });
    return stdout.trim();
  } catch (error) {
    stop.throwIfAborted();
    const said = (error as { stderr?: string }).stderr?.trim();
    throw stoppedShort(
      'internal',
      `The demo's git ${args[0] ?? ''} through the mirror failed: ${said || (error as Error).message}`,
      {},
      error,
    );
  }
}

async function sizeOfPacks(folder: string): Promise<number> {
  const packs = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.pack'));
  const sizes = await Promise.all(packs.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
