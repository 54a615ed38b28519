import { Injectable } from '@nestjs/common';
import { isRepositoryId, type RepositoryId } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { visibleTo } from '../activity/visible-to.js';
import { ConnectionService } from '../connection/connection.service.js';
import { Database } from '../database/database.js';
import type { Sight } from '../people/viewer.js';
import type { RepositoryAnswer } from '../repositories/describe-repository.js';
import { MirroredRepositories } from '../repositories/mirrored-repositories.js';

/** Finds a repository by whatever a client of Data Center knows of it. */
@Injectable()
export class FindRepository {
  constructor(
    private readonly connection: ConnectionService,
    private readonly database: Database,
    private readonly repositories: MirroredRepositories,
  ) {}

  /**
   * @param name the primary's UUID, with or without braces; the path; or the number that we give it (`numberOf`).
   * @throws AntipodeError `not_found` where there is none, or none for these eyes.
   */
  async find(name: string, sight: Sight): Promise<RepositoryAnswer> {
    const id = name.toLowerCase().replace(/^\{|\}$/g, '');
    if (isRepositoryId(id)) return this.repositories.find({ id }, sight);
    const path = this.connection.primary.parseRepositoryPath(name);
    const numbered = /^\d{1,10}$/.test(name) ? await this.byNumber(Number(name), sight) : undefined;
    if (numbered !== undefined) return this.repositories.find({ id: numbered }, sight);
    if (path !== undefined) return this.repositories.find({ path }, sight);
    const hint = 'There is no such mirrored repository.';
    throw new AntipodeError('not_found', 'finding a repository', {}, { hint });
  }

  /** Two may have the same number; then it names none. */
  private async byNumber(number: number, sight: Sight): Promise<RepositoryId | undefined> {
    const rows = await this.database.prisma.$queryRaw<{ id: string }[]>`
      SELECT r.id FROM repository r
      WHERE r.removed_at IS NULL AND ${visibleTo(sight)}
        AND ('x' || substr(r.id, 1, 8))::bit(32)::bigint & 2147483647 = ${number}::bigint LIMIT 2`;
    return rows.length === 1 ? rows[0]?.id : undefined;
  }
}
