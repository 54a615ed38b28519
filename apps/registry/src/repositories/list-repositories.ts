import { Injectable } from '@nestjs/common';
import type { MirrorPhase } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { Database } from '../database/database.js';
import { Prisma } from '../generated/prisma/client.js';
import { BY_CONCERN } from '../sync-states/sync-state.js';

export interface RepositoriesQuestion {
  readonly project?: string | undefined;
  readonly phase?: MirrorPhase | undefined;
  /** A part of the path or of the name. */
  readonly q?: string | undefined;
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

/** The admin's list of repositories: filtered, by path, page by page. */
@Injectable()
export class ListRepositories {
  constructor(private readonly database: Database) {}

  /** @throws AntipodeError `invalid` for a cursor that is not ours. */
  async page(question: RepositoriesQuestion): Promise<RepositoriesPage> {
    const where = conditions(question);
    const after =
      question.cursor === undefined
        ? Prisma.empty
        : Prisma.sql`AND (r.path, r.id) > (${Prisma.join(readCursor(question.cursor))})`;
    const { prisma } = this.database;
    const [rows, counts] = await Promise.all([
      prisma.$queryRaw<ListedRepository[]>`
        SELECT r.id, r.path, r.name, r.project_key AS "projectKey", r.public FROM repository r
        WHERE ${where} ${after} ORDER BY r.path, r.id LIMIT ${question.limit + 1}`,
      prisma.$queryRaw<{ total: number }[]>`SELECT count(*)::int AS total FROM repository r WHERE ${where}`,
    ]);
    const values = rows.slice(0, question.limit);
    const last = values.at(-1);
    return {
      values,
      next: rows.length > question.limit && last ? writeCursor(last) : null,
      total: counts[0]?.total ?? 0,
    };
  }

  async one(id: string): Promise<ListedRepository | undefined> {
    const select = { id: true, path: true, name: true, projectKey: true, public: true };
    return (
      (await this.database.prisma.repository.findFirst({ where: { id, removedAt: null }, select })) ??
      undefined
    );
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

  async byPhase(): Promise<Record<MirrorPhase, number>> {
    const rows = await this.database.prisma.$queryRaw<{ phase: MirrorPhase; count: number }[]>`
      SELECT ${PHASE} AS phase, count(*)::int AS count FROM repository r WHERE r.removed_at IS NULL GROUP BY 1`;
    const zeros = Object.fromEntries(BY_CONCERN.map((phase) => [phase, 0]));
    return { ...zeros, ...Object.fromEntries(rows.map(({ phase, count }) => [phase, count])) } as Record<
      MirrorPhase,
      number
    >;
  }
}

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

const writeCursor = ({ path, id }: ListedRepository): string =>
  Buffer.from(JSON.stringify([path, id])).toString('base64url');

function readCursor(cursor: string): [path: string, id: string] {
  try {
    const [path, id, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (typeof path === 'string' && typeof id === 'string' && rest.length === 0) return [path, id];
  } catch {
    // Said below.
  }
  throw new AntipodeError(
    'invalid',
    'reading a cursor',
    {},
    { hint: 'cursor: use the `next` of the page before.' },
  );
}
