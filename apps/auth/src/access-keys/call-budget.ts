import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type AuthConfig } from '../config.js';
import { Database } from '../database/database.js';

const NAME = 'access-keys';

/**
 * How often the connection may ask for access keys: so many calls in an hour, for all instances together. What was
 * not used is saved up, for an hour at most.
 */
@Injectable()
export class CallBudget {
  private readonly perHour: number;

  constructor(
    @Inject(CONFIG) config: AuthConfig,
    private readonly database: Database,
  ) {
    this.perHour = config.ACCESS_KEY_CALLS_PER_HOUR;
  }

  /**
   * Takes one call.
   *
   * @param keep the share of an hour's calls that must be left for others: 0 takes the last one
   * @returns false where there is none
   */
  async take(keep: number): Promise<boolean> {
    if (this.perHour === 0) return false;
    const least = 1 + keep * this.perHour;
    const count = await this.database.run('taking from the budget', async (prisma) => {
      await prisma.$executeRaw`
        INSERT INTO budget (name, calls, filled_at) VALUES (${NAME}, ${this.perHour}, now()) ON CONFLICT DO NOTHING`;
      return prisma.$executeRaw`
        UPDATE budget SET calls = filled.calls - 1, filled_at = now()
          FROM (SELECT name, LEAST(${this.perHour}::float8,
                       calls + ${this.perHour}::float8 * EXTRACT(EPOCH FROM now() - filled_at) / 3600) AS calls
                  FROM budget WHERE name = ${NAME} FOR UPDATE) AS filled
         WHERE budget.name = filled.name AND filled.calls >= ${least}::float8`;
    });
    return count > 0;
  }

  /** A call that was taken, and was not needed. */
  async giveBack(): Promise<void> {
    await this.database.run(
      'giving back to the budget',
      (prisma) => prisma.$executeRaw`UPDATE budget SET calls = calls + 1 WHERE name = ${NAME}`,
    );
  }
}
