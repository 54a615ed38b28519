import { Injectable } from '@nestjs/common';
import type { RepositoryId } from '@antipode/domain';
import { Database } from '../database/database.js';
import { STATES } from '../database/names.js';

/** A notification holds 8000 bytes; an id has 36. */
const IDS_PER_NOTE = 200;

/** Tells all instances that repositories are doing otherwise than before. */
@Injectable()
export class StateNews {
  constructor(private readonly database: Database) {}

  /** To be called when it is written. */
  async tell(ids: Iterable<RepositoryId>): Promise<void> {
    const all = [...new Set(ids)];
    for (let from = 0; from < all.length; from += IDS_PER_NOTE)
      await this.database.prisma
        .$executeRaw`SELECT pg_notify(${STATES}, ${all.slice(from, from + IDS_PER_NOTE).join(',')})`;
  }
}

/** The ids of a notification. */
export const readNote = (payload: string): RepositoryId[] => payload.split(',').filter((id) => id !== '');
