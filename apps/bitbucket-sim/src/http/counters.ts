/** Requests and bytes of bodies; headers are not counted. */
export interface Count {
  requests: number;
  bytesIn: number;
  bytesOut: number;
  /** By HTTP status. */
  statuses: Record<string, number>;
}

const zero = (): Count => ({ requests: 0, bytesIn: 0, bytesOut: 0, statuses: {} });

export type GitOperation = 'info-refs' | 'upload-pack' | 'receive-pack';

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
});

export interface Answered {
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

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

  gitCommand(command: string): void {
    const { commands } = this.#counts.git;
    commands[command] = (commands[command] ?? 0) + 1;
  }
}

function add(count: Count, { status, bytesIn, bytesOut }: Answered): void {
  count.requests += 1;
  count.bytesIn += bytesIn;
  count.bytesOut += bytesOut;
  count.statuses[status] = (count.statuses[status] ?? 0) + 1;
}
