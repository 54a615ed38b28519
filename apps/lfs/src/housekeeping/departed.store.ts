import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** Repositories that are no longer selected, and what was known of them. */
@Injectable()
export class DepartedStore {
  constructor(private readonly database: Database) {}

  /** Notes who has gone, and forgets that those who came back had gone. */
  async note(selected: readonly string[]): Promise<void> {
    const ids = [...selected];
    await this.database.transaction('noting departed repositories', async (transaction) => {
      // From repository to repository by the indexes.
      await transaction.$executeRaw`
        INSERT INTO departed (repository_id)
        WITH RECURSIVE owner(id) AS (
          (SELECT repository_id FROM belonging ORDER BY repository_id LIMIT 1)
          UNION ALL
          SELECT (SELECT b.repository_id FROM belonging b WHERE b.repository_id > owner.id ORDER BY 1 LIMIT 1)
            FROM owner WHERE owner.id IS NOT NULL)
        SELECT id FROM (SELECT id FROM owner UNION SELECT repository_id FROM wanted) known
         WHERE id IS NOT NULL AND id <> ALL (${ids}::text[]) ORDER BY id
        ON CONFLICT (repository_id) DO NOTHING`;
      await transaction.$executeRaw`DELETE FROM departed WHERE repository_id = ANY (${ids}::text[])`;
    });
  }

  /**
   * Forgets what belonged to those who have been gone for so long.
   *
   * @param selected those of now: nothing of theirs is touched, whatever the table says
   * @returns how many repositories that were
   */
  async forget(graceHours: number, selected: readonly string[]): Promise<number> {
    return this.database.transaction('forgetting departed repositories', async (transaction) => {
      const gone = await transaction.$queryRaw<{ id: string }[]>`
        DELETE FROM departed
         WHERE since <= now() - ${graceHours} * interval '1 hour'
           AND repository_id <> ALL (${[...selected]}::text[])
        RETURNING repository_id AS id`;
      const repositoryId = { in: gone.map(({ id }) => id) };
      await transaction.belonging.deleteMany({ where: { repositoryId } });
      await transaction.wanted.deleteMany({ where: { repositoryId } });
      return gone.length;
    });
  }
}
