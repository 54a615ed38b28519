import type { RepositoryId } from '@antipode/domain';

/**
 * Where an answer's bytes came from; of LFS, "disk" is this node's own store and "lfs" the service that knows it all.
 * A closed set: it is a metric's label.
 */
export type Source = 'memory' | 'git' | 'disk' | 'lfs' | 'passthrough' | 'none';

/**
 * What is known about one request when it is over: the one log line, the span's attributes and the metrics
 * are made of it. Never a path that a stranger typed, never a credential.
 */
export class Visit {
  repositoryId: RepositoryId | undefined;
  principal: string | undefined;
  source: Source = 'none';
  protocol: number | undefined;
  epoch: number | undefined;
  /** Why the mirror did not answer by itself. */
  passedBecause: string | undefined;
  /** The verdict, or the epoch, stood only by the outage policy. */
  outage = false;
  /** How a push ended. A closed set: it is a metric's label. */
  push: 'relayed' | 'refused' | 'unknown' | undefined;
  /** What an LFS batch wants, and of how many objects. */
  lfs: { readonly operation: 'download' | 'upload'; readonly objects: number } | undefined;
  /** What a client was given to name this request by. */
  requestId: string | undefined;
  /** Objects were asked for, and not only refs. */
  isFetch = false;
  bytesIn = 0;
  error: unknown;
  readonly stepsMs: Record<string, number> = {};

  /** Runs one step and notes how long it took. */
  async step<T>(name: Step, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      this.stepsMs[name] = Math.round(((this.stepsMs[name] ?? 0) + performance.now() - startedAt) * 10) / 10;
    }
  }
}

export type Step = 'authorize' | 'body' | 'freshness' | 'queue' | 'first_byte' | 'stream' | 'publish';
