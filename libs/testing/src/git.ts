import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { configEnv, type ConfigPair } from '@antipode/git-process';

/** What git's credential helper would answer; never part of a URL or of argv. */
export interface GitCredential {
  readonly username: string;
  readonly password: string;
}

export interface GitOptions {
  readonly cwd?: string;
  /** Who asks; anonymous where absent. */
  readonly as?: GitCredential | undefined;
  /** `protocol.version`; git's own default (2) where absent. */
  readonly protocol?: 0 | 1 | 2 | undefined;
  readonly config?: readonly ConfigPair[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer | AsyncIterable<string | Buffer>;
  /** After this it is killed, and counts as failed. */
  readonly timeoutMs?: number;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const TIMEOUT_MS = 60_000;

/** git knows the password through its own environment only, as from a credential store. */
const HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$TEST_GIT_USERNAME" "$TEST_GIT_PASSWORD"; }; f';

/** git as somebody has it at a desk, but without this machine's configuration; the identity is invented. */
function environment({ as, protocol, config = [], env }: GitOptions): NodeJS.ProcessEnv {
  const pairs: ConfigPair[] = [
    ['init.defaultBranch', 'main'],
    ['advice.detachedHead', 'false'],
    ['gc.auto', '0'],
    // Tests share two cores with the house that they measure.
    ['pack.threads', '1'],
    ...(protocol === undefined ? [] : [['protocol.version', String(protocol)] as ConfigPair]),
    ...(as === undefined ? [] : [['credential.helper', HELPER] as ConfigPair]),
    ...config,
  ];
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_AUTHOR_NAME: 'Test Person',
    GIT_AUTHOR_EMAIL: 'person@example.com',
    GIT_COMMITTER_NAME: 'Test Person',
    GIT_COMMITTER_EMAIL: 'person@example.com',
    ...(as === undefined ? {} : { TEST_GIT_USERNAME: as.username, TEST_GIT_PASSWORD: as.password }),
    ...configEnv(pairs),
    ...env,
  };
}

/** Runs git to its end, whatever that is. */
export async function tryGit(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  const child = spawn('git', [...args], {
    cwd: options.cwd,
    env: environment(options),
    stdio: 'pipe',
    detached: true,
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A git that ends early closes its stdin; its exit code tells what there is to tell.
  child.stdin.on('error', () => undefined);
  void feed(child.stdin, options.input);
  const closed = once(child, 'close') as Promise<[number | null]>;
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  let tooLate = false;
  const timer = setTimeout(() => {
    tooLate = true;
    // The whole group: git-remote-http and index-pack are processes of their own.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, timeoutMs);
  const [code] = await closed.finally(() => clearTimeout(timer));
  const said = Buffer.concat(stderr).toString();
  return {
    code: code ?? -1,
    stdout: Buffer.concat(stdout).toString(),
    stderr: tooLate ? `${said}\n(killed after ${timeoutMs} ms)` : said,
  };
}

/** What git prints, without the last line's end. @throws Error with what git said where it fails */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryGit(args, options);
  if (code !== 0) throw new Error(`git ${args.join(' ')} ended with ${code}:\n${stderr}`);
  return stdout.replace(/\n$/, '');
}

async function feed(stdin: NodeJS.WritableStream, input: GitOptions['input']): Promise<void> {
  if (input === undefined || typeof input === 'string' || Buffer.isBuffer(input)) {
    stdin.end(input ?? '');
    return;
  }
  for await (const chunk of input) {
    if (!stdin.write(chunk)) await once(stdin, 'drain');
  }
  stdin.end();
}
