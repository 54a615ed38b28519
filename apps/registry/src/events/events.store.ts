import { Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { visibleTo } from '../activity/visible-to.js';
import { Database } from '../database/database.js';
import { Prisma } from '../generated/prisma/client.js';
import type { Sight } from '../people/viewer.js';
import type { ListedRepository } from '../repositories/list-repositories.js';

/** A repository, and whether anybody may know of it. */
export interface EventRow extends ListedRepository {
  readonly isOpen: boolean;
}

const COLUMNS = Prisma.sql`r.id, r.path, r.name, r.project_key AS "projectKey", r.public,
  ${visibleTo({ all: false, ids: new Set() })} AS "isOpen"`;

/** Repositories by the handful, for those who follow them. */
@Injectable()
export class EventsStore {
  constructor(private readonly database: Database) {}

  /** Of these, those that are mirrored. */
  read(ids: readonly RepositoryId[]): Promise<EventRow[]> {
    return this.database.prisma.$queryRaw<EventRow[]>`
      SELECT ${COLUMNS} FROM repository r WHERE r.removed_at IS NULL AND r.id = ANY (${[...ids]}::text[])`;
  }

  /** What somebody may see, in the order of the ids. @param only these, where it is not null. */
  page(
    sight: Sight,
    only: ReadonlySet<RepositoryId> | null,
    { after, limit }: { readonly after: RepositoryId; readonly limit: number },
  ): Promise<EventRow[]> {
    const among = only ? Prisma.sql`AND r.id = ANY (${[...only]}::text[])` : Prisma.empty;
    return this.database.prisma.$queryRaw<EventRow[]>`
      SELECT ${COLUMNS} FROM repository r
      WHERE r.removed_at IS NULL AND ${visibleTo(sight)} AND r.id > ${after} ${among} ORDER BY r.id LIMIT ${limit}`;
  }
}
