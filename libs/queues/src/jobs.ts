/** Why a job was asked for; shown in logs, and decides whether it may jump a retry's waiting time. */
export type Reason =
  | 'webhook'
  | 'sweep'
  | 'comparison'
  | 'push'
  | 'reader'
  | 'admin'
  | 'selected'
  | 'retry'
  | 'maintenance'
  /** A verification has found that objects are missing or spoilt. */
  | 'damage';

/** What every job about one mirror repository carries. */
export interface RepositoryJob {
  /** The primary's UUID: lower case, no braces. */
  readonly repositoryId: string;
  readonly reason: Reason;
  /** When it was asked for, in milliseconds since 1970. */
  readonly requestedAtMs: number;
  /** W3C trace context of whoever asked, so that one trace goes from the request to the git process. */
  readonly traceparent?: string;
}

/** Every job by name, with its payload. A name's payload may only grow by optional keys: old jobs wait in Redis. */
export interface Jobs {
  /** The first clone of a repository onto a node. */
  'mirror.clone': RepositoryJob;
  /** Makes a mirror repository agree with the primary. */
  'mirror.sync': RepositoryJob;
  /** Compares a mirror repository with the primary, looks it through, repairs it. */
  'mirror.verify': RepositoryJob;
  /** Clones a mirror repository anew, beside the one that is served, and puts it in its place. */
  'mirror.reclone': RepositoryJob;
  /** Repacks, writes bitmaps and commit-graphs. */
  'mirror.maintain': RepositoryJob;
  /** Deletes what is no longer selected. */
  'mirror.remove': RepositoryJob;
}

export type JobName = keyof Jobs;

/** Pools are worked off apart, so that no job waits behind one of another kind. */
export type Pool = 'clone' | 'sync' | 'maintenance';

export const POOLS: readonly Pool[] = ['clone', 'sync', 'maintenance'];

export const POOL_OF: Readonly<Record<JobName, Pool>> = {
  'mirror.clone': 'clone',
  'mirror.sync': 'sync',
  // As long as a first clone takes; as little hurry as maintenance has.
  'mirror.reclone': 'clone',
  'mirror.verify': 'maintenance',
  'mirror.maintain': 'maintenance',
  'mirror.remove': 'maintenance',
};

/** The queue of a node's pool: "sync.syd-1". BullMQ forbids ":" in names. */
export const queueName = (pool: Pool, node: string): string => `${pool}.${node}`;
