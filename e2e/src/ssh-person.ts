import {
  eventually,
  git,
  makeSshKey,
  overSsh,
  runSsh,
  tryGit,
  type CommandResult,
  type GitOptions,
  type GitResult,
  type Role,
  type Scratch,
  type SimSshKey,
  type SshIdentity,
  type SshKeyPair,
} from '@antipode/testing';
import { linkAccount, unlinkAccount, type Browser } from './browser.js';
import type { Neighbourhood } from './neighbourhood.js';

/** Somebody with an SSH key of their own, at a desk. */
export class SshPerson implements AsyncDisposable {
  private constructor(
    private readonly here: Neighbourhood,
    readonly username: string,
    readonly pair: SshKeyPair,
    readonly atPrimary: SimSshKey,
    private browser: Browser | undefined,
  ) {}

  /** A member of the cast who has this key at the primary. */
  static async withKey(
    here: Neighbourhood,
    role: Role,
    scratch: Scratch,
    kind: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519',
  ): Promise<SshPerson> {
    const { username } = here.house.user(role);
    const pair = await makeSshKey(scratch.path, `${username}-${kind}-${Date.now()}`, kind);
    const atPrimary = await here.sim.addSshKey(username, pair.publicKey);
    return new SshPerson(here, username, pair, atPrimary, undefined);
  }

  /** The same, whose account is linked. */
  static async linked(here: Neighbourhood, role: Role, scratch: Scratch): Promise<SshPerson> {
    const person = await SshPerson.withKey(here, role, scratch);
    person.browser = await linkAccount(here, role);
    return person;
  }

  /** What their ssh would do by itself. */
  get identity(): SshIdentity {
    return { key: this.pair.path, desk: true };
  }

  /** Options for git by which it comes as this person. */
  withIdentity({ env, ...options }: GitOptions = {}, more: SshIdentity = {}): GitOptions {
    return { ...options, env: { ...overSsh({ ...this.identity, ...more }), ...env } };
  }

  git(args: readonly string[], options: GitOptions = {}, more: SshIdentity = {}): Promise<string> {
    return git(args, this.withIdentity(options, more));
  }

  tryGit(args: readonly string[], options: GitOptions = {}, more: SshIdentity = {}): Promise<GitResult> {
    return tryGit(args, this.withIdentity(options, more));
  }

  /** `ssh git@mirror …` */
  ssh(command: readonly string[] = [], more: SshIdentity = {}): Promise<CommandResult> {
    return runSsh(this.here.house.demo.mirror.ssh, { ...this.identity, ...more }, command);
  }

  async untilIn(): Promise<void> {
    await eventually(async () => (await this.ssh()).output.includes('Hello, '), { everyMs: 200 });
  }

  async unlink(): Promise<void> {
    if (this.browser) await unlinkAccount(this.browser);
    this.browser = undefined;
  }

  async removeKey(): Promise<void> {
    await this.here.sim.removeSshKey(this.username, this.atPrimary.uuid);
  }

  /** Leaves the house as it was. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.unlink();
    await this.removeKey().catch(() => undefined);
  }
}
