import { Injectable } from '@nestjs/common';
import type { MirrorPhase } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { visibleTo } from '../activity/visible-to.js';
import { Database } from '../database/database.js';
import { Prisma } from '../generated/prisma/client.js';
import type { Sight } from '../people/viewer.js';
import { orderOf, type Sort } from './repository-order.js';
import { BY_CONCERN } from '../sync-states/sync-state.js';

export interface RepositoriesQuestion {
  readonly project?: string | undefined;
  readonly phase?: MirrorPhase | undefined;
  /** A part of the path or of the name. */
  readonly q?: string | undefined;
  readonly sort: Sort;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface ListedRepository {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly projectKey: string;
  readonly public: boolean;
}

export interface RepositoriesPage {
  readonly values: ListedRepository[];
  readonly next: string | null;
  readonly total: number;
}

/** What administrators, and the mirror itself, may see. */
export const EVERYTHING: Sight = { all: true };

/** The list of repositories that somebody may see: filtered, ordered, page by page. */
@Injectable()
export class ListRepositories {
  constructor(private readonly database: Database) {}

  /** @throws AntipodeError `invalid` for a cursor that is not ours, and for what no text of PostgreSQL's can hold. */
  async page(question: RepositoriesQuestion, sight: Sight): Promise<RepositoriesPage> {
    if (`${question.project} ${question.q}`.includes('\0')) throw noText();
    const where = Prisma.sql`${conditions(question)} AND ${visibleTo(sight)}`;
    const order = orderOf(question.sort);
    const after =
      question.cursor === undefined ? Prisma.empty : Prisma.sql`AND ${order.after(question.cursor)}`;
    const { prisma } = this.database;
    const [rows, counts] = await Promise.all([
      prisma.$queryRaw<(ListedRepository & { readonly key: string })[]>`
        SELECT r.id, r.path, r.name, r.project_key AS "projectKey", r.public, ${order.key} AS key FROM repository r
        WHERE ${where} ${after} ORDER BY ${order.by} LIMIT ${question.limit + 1}`,
      prisma.$queryRaw<{ total: number }[]>`SELECT count(*)::int AS total FROM repository r WHERE ${where}`,
    ]);
    const last = rows.at(question.limit - 1);
    return {
      values: rows.slice(0, question.limit).map(({ key: _key, ...row }) => row),
      next: rows.length > question.limit && last ? order.cursor(last) : null,
      total: counts[0]?.total ?? 0,
    };
  }

  async one(
    by: { readonly id: string } | { readonly path: string },
    sight: Sight,
  ): Promise<ListedRepository | undefined> {
    const which = 'id' in by ? Prisma.sql`r.id = ${by.id}` : Prisma.sql`r.path = ${by.path}`;
    const [row] = await this.database.prisma.$queryRaw<ListedRepository[]>`
      SELECT r.id, r.path, r.name, r.project_key AS "projectKey", r.public FROM repository r
      WHERE r.removed_at IS NULL AND ${which} AND ${visibleTo(sight)} LIMIT 1`;
    return row;
  }

  /** Of those that there are. */
  async paths(ids: readonly string[]): Promise<string[]> {
    const where = { id: { in: [...ids] } };
    const rows = await this.database.prisma.repository.findMany({
      where,
      select: { path: true },
      orderBy: { path: 'asc' },
    });
    return rows.map(({ path }) => path);
  }

  /** Known as public, by path. */
  async publicOnes(): Promise<{ id: string; path: string; projectKey: string; sizeBytes: number }[]> {
    const rows = await this.database.prisma.repository.findMany({
      where: { public: true, removedAt: null },
      select: { id: true, path: true, projectKey: true, sizeBytes: true },
      orderBy: { path: 'asc' },
    });
    return rows.map((row) => ({ ...row, sizeBytes: Number(row.sizeBytes) }));
  }

  async byPhase(sight: Sight = EVERYTHING): Promise<Record<MirrorPhase, number>> {
    const rows = await this.database.prisma.$queryRaw<{ phase: MirrorPhase; count: number }[]>`
      SELECT ${PHASE} AS phase, count(*)::int AS count FROM repository r WHERE r.removed_at IS NULL AND ${visibleTo(sight)} GROUP BY 1`;
    const zeros = Object.fromEntries(BY_CONCERN.map((phase) => [phase, 0]));
    return { ...zeros, ...Object.fromEntries(rows.map(({ phase, count }) => [phase, count])) } as Record<
      MirrorPhase,
      number
    >;
  }
}

const noText = (): AntipodeError =>
  new AntipodeError('invalid', 'listing repositories', {}, { hint: 'A zero byte is in no name.' });

/** The phase that stands for all nodes, as `worst` has it. */
const PHASE = Prisma.sql`coalesce((SELECT s.phase FROM sync_state s WHERE s.repository_id = r.id
  ORDER BY array_position(${[...BY_CONCERN]}::text[], s.phase) LIMIT 1), 'absent')`;

function conditions({ project, phase, q }: RepositoriesQuestion): Prisma.Sql {
  const all = [Prisma.sql`r.removed_at IS NULL`];
  if (project !== undefined) all.push(Prisma.sql`r.project_key = ${project}`);
  if (phase !== undefined) all.push(Prisma.sql`${PHASE} = ${phase}`);
  // position() takes the text as it is; with LIKE, "%" and "_" would mean something.
  if (q !== undefined)
    all.push(
      Prisma.sql`(position(lower(${q}) in lower(r.path)) > 0 OR position(lower(${q}) in lower(r.name)) > 0)`,
    );
  return Prisma.join(all, ' AND ');
}
