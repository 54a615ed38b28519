import { freshLfsCounts, type LfsCounts } from '../lfs/lfs-counts.js';
import { add, zero, type Answered, type Count } from './count.js';

export type GitOperation = 'info-refs' | 'upload-pack' | 'receive-pack';

export type SshOperation = 'upload-pack' | 'receive-pack' | 'other';

export interface Counts {
  since: string;
  rest: Count & { routes: Record<string, Count> };
  git: Count & {
    operations: Record<GitOperation, Count>;
    /** Protocol v2 commands seen in upload-pack requests. */
    commands: Record<string, number>;
    /** By `workspace/slug` as asked for, then by operation. */
    repositories: Record<string, Partial<Record<GitOperation, Count>>>;
  };
  /** Commands by SSH; what went wrong before there was a command is a login. */
  ssh: Count & {
    operations: Record<SshOperation, Count>;
    commands: Record<string, number>;
    repositories: Record<string, Partial<Record<SshOperation, Count>>>;
    logins: { accepted: number; refused: number };
  };
  /** By grant type for tokens; `authorize` is the page. */
  oauth: Count & { grants: Record<string, Count> };
  lfs: LfsCounts;
}

const fresh = (): Counts => ({
  since: new Date().toISOString(),
  rest: { ...zero(), routes: {} },
  git: {
    ...zero(),
    operations: { 'info-refs': zero(), 'upload-pack': zero(), 'receive-pack': zero() },
    commands: {},
    repositories: {},
  },
  ssh: {
    ...zero(),
    operations: { 'upload-pack': zero(), 'receive-pack': zero(), other: zero() },
    commands: {},
    repositories: {},
    logins: { accepted: 0, refused: 0 },
  },
  oauth: { ...zero(), grants: {} },
  lfs: freshLfsCounts(),
});

/** What went through the public paths since the last reset. The control API is never counted. */
export class Counters {
  #counts = fresh();

  get counts(): Counts {
    return this.#counts;
  }

  reset(): void {
    this.#counts = fresh();
  }

  rest(route: string, answered: Answered): void {
    const { rest } = this.#counts;
    for (const count of [rest, (rest.routes[route] ??= zero())]) add(count, answered);
  }

  git(repository: string, operation: GitOperation, answered: Answered): void {
    const { git } = this.#counts;
    const own = (git.repositories[repository] ??= {});
    for (const count of [git, git.operations[operation], (own[operation] ??= zero())]) add(count, answered);
  }

  ssh(repository: string | undefined, operation: SshOperation, answered: Answered): void {
    const { ssh } = this.#counts;
    const own = repository === undefined ? undefined : (ssh.repositories[repository] ??= {});
    const counts = [ssh, ssh.operations[operation], ...(own ? [(own[operation] ??= zero())] : [])];
    for (const count of counts) add(count, answered);
  }

  oauth(grant: string, answered: Answered): void {
    const { oauth } = this.#counts;
    for (const count of [oauth, (oauth.grants[grant] ??= zero())]) add(count, answered);
  }

  sshLogin(outcome: 'accepted' | 'refused'): void {
    this.#counts.ssh.logins[outcome] += 1;
  }

  /** Counts a v2 command apart: "a thousand readers cost one ls-refs" must be countable. */
  command(door: 'git' | 'ssh', chunk: Buffer): void {
    const command = /^[0-9a-f]{4}command=([a-z-]+)/.exec(chunk.subarray(0, 64).toString('latin1'))?.[1];
    if (!command) return;
    const { commands } = this.#counts[door];
    commands[command] = (commands[command] ?? 0) + 1;
  }
}
