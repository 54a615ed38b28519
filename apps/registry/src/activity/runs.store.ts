import { Injectable } from '@nestjs/common';
import { isRepositoryId } from '@antipode/domain';
import { Database } from '../database/database.js';
import { Prisma } from '../generated/prisma/client.js';
import type { Transaction } from '../repositories/repositories.store.js';
import type { Outcome, SyncRun } from './sync-run.js';

/** How many of a run's changes are kept for people to see. */
const KEPT_CHANGES = 20;

export interface RunsQuestion {
  /** Its id or its path. */
  readonly repository?: string | undefined;
  readonly node?: string | undefined;
  readonly outcome?: Outcome | undefined;
  /** Only what was told of before this one. */
  readonly before?: bigint | undefined;
  readonly limit: number;
  /** Of a repository `r`. */
  readonly visible: Prisma.Sql;
}

export interface ListedRun extends SyncRun {
  readonly seq: bigint;
  readonly path: string;
}

type Row = Omit<ListedRun, 'error' | 'epoch' | 'receivedBytes' | 'changeCount'> & {
  readonly epoch: bigint;
  readonly receivedBytes: bigint;
  readonly changeCount: bigint;
  readonly errorCode: string | null;
  readonly error: string | null;
};

/** What syncs have done. */
@Injectable()
export class RunsStore {
  constructor(private readonly database: Database) {}

  change<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.database.prisma.$transaction(work, { maxWait: 5000, timeout: 30_000 });
  }

  /** Adds runs, and gives the ids of those that were not known yet. What is not in our table is left out. */
  async add(transaction: Transaction, runs: readonly SyncRun[]): Promise<Set<string>> {
    const rows = await transaction.$queryRaw<{ id: string }[]>`
      INSERT INTO sync_run (id, repository_id, node, outcome, began_at, ended_at, epoch, received_bytes, error_code, error,
        change_count, changes)
      SELECT s.id, s.repository_id, s.node, s.outcome, s.began_at, s.ended_at, s.epoch, s.received_bytes, s.error_code, s.error,
        s.change_count, s.changes
      FROM jsonb_to_recordset(${JSON.stringify(runs.map(toColumns))}::jsonb) AS s(id text, repository_id text, node text,
        outcome text, began_at timestamptz, ended_at timestamptz, epoch bigint, received_bytes bigint, error_code text,
        error text, change_count bigint, changes jsonb)
      JOIN repository r ON r.id = s.repository_id
      ON CONFLICT (id) DO NOTHING RETURNING id`;
    return new Set(rows.map(({ id }) => id));
  }

  /** Which of these runs is the first failure of its repository on its node, after it was well. */
  async firstFailures(transaction: Transaction, ids: readonly string[]): Promise<Set<string>> {
    const rows = await transaction.$queryRaw<{ id: string }[]>`
      SELECT n.id FROM sync_run n
      LEFT JOIN LATERAL (
        SELECT p.outcome, p.ended_at FROM sync_run p
        WHERE p.repository_id = n.repository_id AND p.node = n.node AND (p.ended_at, p.seq) < (n.ended_at, n.seq)
        ORDER BY p.ended_at DESC, p.seq DESC LIMIT 1) p ON true
      LEFT JOIN sync_state s ON s.repository_id = n.repository_id AND s.node = n.node
      WHERE n.id = ANY (${[...ids]}::text[]) AND n.outcome = 'failed'
        -- A sync that found nothing new leaves no run, but it was a success.
        AND (p.outcome IS DISTINCT FROM 'failed' OR s.confirmed_at > p.ended_at)`;
    return new Set(rows.map(({ id }) => id));
  }

  /** The newest first. */
  async list({ repository, node, outcome, before, limit, visible }: RunsQuestion): Promise<ListedRun[]> {
    const all = [visible];
    if (repository !== undefined)
      all.push(
        isRepositoryId(repository)
          ? Prisma.sql`s.repository_id = ${repository}`
          : Prisma.sql`r.path = ${repository}`,
      );
    if (node !== undefined) all.push(Prisma.sql`s.node = ${node}`);
    if (outcome !== undefined) all.push(Prisma.sql`s.outcome = ${outcome}`);
    if (before !== undefined) all.push(Prisma.sql`s.seq < ${before}`);
    const rows = await this.database.prisma.$queryRaw<Row[]>`
      SELECT s.id, s.seq, s.repository_id AS "repositoryId", r.path, s.node, s.outcome, s.began_at AS "beganAt",
        s.ended_at AS "endedAt", s.epoch, s.received_bytes AS "receivedBytes", s.error_code AS "errorCode", s.error,
        s.change_count AS "changeCount", s.changes
      FROM sync_run s JOIN repository r ON r.id = s.repository_id
      WHERE ${Prisma.join(all, ' AND ')} ORDER BY s.seq DESC LIMIT ${limit}`;
    return rows.map(fromRow);
  }

  /** Deletes some of what was told of before `moment`, and of what is more than `most`; gives how many. */
  prune(moment: Date, most: number, batch: number): Promise<number> {
    return this.database.prisma.$executeRaw`
      DELETE FROM sync_run WHERE seq IN (
        SELECT seq FROM sync_run
        WHERE reported_at < ${moment} OR seq <= (SELECT seq FROM sync_run ORDER BY seq DESC OFFSET ${most} LIMIT 1)
        ORDER BY seq LIMIT ${batch})`;
  }
}

const toColumns = ({ error, ...run }: SyncRun): Record<string, unknown> => ({
  id: run.id,
  repository_id: run.repositoryId,
  node: run.node,
  outcome: run.outcome,
  began_at: run.beganAt,
  ended_at: run.endedAt,
  epoch: run.epoch,
  received_bytes: run.receivedBytes,
  error_code: error?.code ?? null,
  error: error?.message ?? null,
  change_count: run.changeCount,
  changes: run.changes.slice(0, KEPT_CHANGES),
});

const fromRow = ({
  errorCode,
  error,
  epoch,
  receivedBytes,
  changeCount,
  changes,
  ...row
}: Row): ListedRun => ({
  ...row,
  epoch: Number(epoch),
  receivedBytes: Number(receivedBytes),
  changeCount: Number(changeCount),
  // Only `add` writes here.
  changes: changes,
  error: errorCode === null ? null : { code: errorCode, message: error ?? '' },
});
