import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** Browsers that have shown the admin token, by the hash of what only they have. */
@Injectable()
export class PageSessionsStore {
  constructor(private readonly database: Database) {}

  async isAlive(idHash: string): Promise<boolean> {
    const where = { idHash, endsAt: { gt: new Date() } };
    return (await this.database.prisma.pageSession.count({ where })) > 0;
  }

  async begin(idHash: string, endsAt: Date): Promise<void> {
    const { pageSession } = this.database.prisma;
    await pageSession.deleteMany({ where: { endsAt: { lte: new Date() } } });
    await pageSession.create({ data: { idHash, endsAt } });
  }

  async end(idHash: string): Promise<void> {
    await this.database.prisma.pageSession.deleteMany({ where: { idHash } });
  }
}
