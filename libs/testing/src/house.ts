import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, type CommandResult } from './command.js';
import type { DemoDocument, DemoUser, Role } from './demo-document.js';
import { eventually } from './eventually.js';
import { freePortBase } from './free-port-base.js';
import type { GitCredential } from './git.js';
import { isRunning } from './processes.js';

/** The checkout: three folders above this file, in src/ and in dist/ alike. */
export const CHECKOUT = resolve(fileURLToPath(import.meta.url), '../../../..');

const START_MS = 180_000;

export interface HouseOptions {
  readonly data: string;
  readonly portBase?: number;
  /** More of `npm start`'s own options, such as `--no-demo`. */
  readonly args?: readonly string[];
  /** Settings of the services, such as FRESHNESS. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A whole running house, entered and left as a user does: by `npm start` and `npm run stop`. */
export class House implements AsyncDisposable {
  private constructor(
    readonly data: string,
    readonly portBase: number,
    private document: DemoDocument,
  ) {}

  /** @throws Error with all that `npm start` said where the house does not come up */
  static async start({ data, portBase, args = [], env = {} }: HouseOptions): Promise<House> {
    const base = portBase ?? (await freePortBase());
    const { code, output } = await npm(
      ['start', '--', '--detach', '--data', data, '--port-base', String(base), ...args],
      env,
    );
    if (code !== 0) throw new Error(`npm start ended with ${code}:\n${output}`);
    return House.attach(data);
  }

  /** Enters a house that somebody has started. */
  static async attach(data: string): Promise<House> {
    const demo = await readDemo(data);
    // The edge's door is the first of the house's ports.
    return new House(data, Number(new URL(demo.mirror.url).port), demo);
  }

  get demo(): DemoDocument {
    return this.document;
  }

  get workspace(): string {
    if (this.document.workspace === null) throw new Error('this house has no workspace');
    return this.document.workspace;
  }

  user(role: Role): DemoUser {
    const user = this.document.users.find((one) => one.role === role);
    if (!user) throw new Error(`demo.json names no ${role}`);
    return user;
  }

  /** What a user types where git asks. */
  credential(role: Role): GitCredential {
    const { username, apiToken } = this.user(role);
    return { username, password: apiToken };
  }

  /** The mirror's URL of a repository: a slug of the sample workspace, or a whole path. */
  url(path: string): string {
    return `${this.document.mirror.url}/${this.path(path)}.git`;
  }

  /** The mirror's URL of a repository over SSH. */
  sshUrl(path: string): string {
    return `${this.document.mirror.ssh}/${this.path(path)}.git`;
  }

  /** The primary's URL of the same repository. */
  primaryUrl(path: string): string {
    return `${this.document.primary.url}/${this.path(path)}.git`;
  }

  /** The address of one of the 17 ports of docs and READMEs, by its distance from the base. */
  at(offset: number): string {
    return `http://127.0.0.1:${this.portBase + offset}`;
  }

  private path(path: string): string {
    return path.includes('/') ? path : `${this.workspace}/${path}`;
  }

  /** Kills one process of the house as a crash would. @returns the pid that it had */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<number> {
    const pid = await this.pid(name);
    process.kill(pid, signal);
    await eventually(async () => !(await isRunning(pid)), { timeoutMs: 20_000 });
    return pid;
  }

  /** Waits until the launcher has brought a process back that used to be `pid`. */
  async untilBack(name: string, pid: number): Promise<void> {
    await eventually(async () => (await this.pid(name)) !== pid, { timeoutMs: 60_000, everyMs: 100 });
  }

  /** Kills a process and waits until the house has it again. */
  async crash(name: string): Promise<void> {
    await this.untilBack(name, await this.kill(name));
  }

  /**
   * Runs `during` while one process is dead: the launcher, which would bring it back at once, sleeps meanwhile.
   * Returns when the process is back.
   */
  async whileDead<T>(name: string, during: () => Promise<T>): Promise<T> {
    const { supervisor } = JSON.parse(await readFile(join(this.data, 'house.json'), 'utf8')) as {
      supervisor: { pid: number };
    };
    const pid = await this.pid(name);
    process.kill(supervisor.pid, 'SIGSTOP');
    try {
      await this.kill(name);
      return await during();
    } finally {
      process.kill(supervisor.pid, 'SIGCONT');
      await this.untilBack(name, pid);
    }
  }

  async pid(name: string): Promise<number> {
    this.document = await readDemo(this.data);
    const found = this.document.processes.find((one) => one.name === name);
    if (!found) throw new Error(`demo.json names no process "${name}"`);
    return found.pid;
  }

  async log(name: string): Promise<string> {
    return readFile(join(this.data, 'logs', `${name}.log`), 'utf8').catch(() => '');
  }

  async stop(): Promise<CommandResult> {
    return npm(['run', 'stop', '--', '--data', this.data]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** npm in this checkout, as a user types it. */
export function npm(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  // What jest sets for itself would reach into the house.
  const { NODE_OPTIONS: _options, JEST_WORKER_ID: _worker, NODE_ENV: _env, ...rest } = process.env;
  return runCommand('npm', [...args], { cwd: CHECKOUT, env: { ...rest, ...env }, timeoutMs: START_MS });
}

async function readDemo(data: string): Promise<DemoDocument> {
  return JSON.parse(await readFile(join(data, 'demo.json'), 'utf8')) as DemoDocument;
}
